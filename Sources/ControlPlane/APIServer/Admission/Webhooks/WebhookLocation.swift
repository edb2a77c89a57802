internal import APIMachinery

/// Finds out where a webhook is to be asked.
struct WebhookLocation: Sendable {
    let objects: ObjectReader

    /// - Throws: With the part of upstream's message that follows `failed to call webhook: `.
    func endpoint(of client: WebhookClientConfig, timeoutSeconds: Int64) async throws(WebhookCallError) -> WebhookEndpoint {
        let query = "?timeout=\(timeoutSeconds)s"
        if let service = client.service {
            let name = "\(service.name).\(service.namespace).svc"
            let authority = "\(name):\(service.port)"
            let target = (service.path.isEmpty ? "/" : service.path) + query
            do throws(WebhookCallError) {
                return WebhookEndpoint(
                    authority: authority, serverName: name, target: target, address: try await address(of: service),
                    certificateAuthority: client.certificateAuthority)
            } catch {
                throw WebhookCallError("Post \("https://\(authority)\(target)".quoted): \(error)")
            }
        }
        guard let url = client.url.flatMap(WebhookURL.init) else {
            throw WebhookCallError("webhook configuration must have either service or URL")
        }
        return WebhookEndpoint(
            authority: url.authority, serverName: url.host, target: url.path + query, address: .init(host: url.host, port: url.port),
            certificateAuthority: client.certificateAuthority)
    }

    /// Through the service's endpoints: a cluster address means nothing to a machine without a service proxy.
    private func address(of service: WebhookClientConfig.Service) async throws(WebhookCallError) -> WebhookEndpoint.Address {
        do throws(Status) {
            let backends = ServiceBackends(objects: objects)
            let backend = try await backends.backend(namespace: service.namespace, name: service.name, port: service.port)
            return .init(host: backend.host, port: backend.port)
        } catch {
            throw WebhookCallError(error.message)
        }
    }
}

/// The parts of `https://host[:port][/path]`, the form that validation admits.
struct WebhookURL: Hashable, Sendable {
    /// As it stands there.
    var authority: String
    var host: String
    var port: Int
    var path: String

    init?(_ text: String) {
        guard text.hasPrefix("https://") else { return nil }
        let rest = text.dropFirst("https://".count)
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = String(rest[..<end])
        self.authority = authority
        path = end == rest.endIndex ? "/" : String(rest[end...])
        let isBracketed = authority.hasPrefix("[")
        var portStart = authority.lastIndex(of: ":").map { authority.index(after: $0) }
        // The colons of an address in brackets are its own.
        if isBracketed { portStart = authority.ranges(of: "]:").last?.upperBound }
        port = 443
        host = authority
        if let portStart {
            guard let number = Int(authority[portStart...]), (1...65535).contains(number) else { return nil }
            port = number
            host = String(authority[..<authority.index(before: portStart)])
        }
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
    }
}

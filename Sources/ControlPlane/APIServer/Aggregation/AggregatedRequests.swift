internal import APIMachinery

/// Requests on group versions of extension API servers, after kube-aggregator's proxyHandler.
extension APIServer {
    /// Passes a request on to the server whose it is. It is authorized before.
    func passOn(
        _ request: APIRequest, to service: AggregatedService, from caller: Caller, _ connector: any BackendConnector
    ) async -> APIResponse {
        guard service.isAvailable else { return Self.unavailable("service unavailable") }
        let isUpgrade = request.asksForUpgrade
        var forwarded =
            isUpgrade ? ForwardedRequest.upgrading(request, from: caller) : ForwardedRequest.ordinary(request, from: caller)
        ForwardedIdentity.add(caller.user, to: &forwarded.headers)
        guard let backend = await backend(of: service, forwarded) else { return Self.unavailable("service unavailable") }
        let answer: BackendAnswer
        do throws(BackendError) { answer = try await connector.send(backend) } catch {
            return Self.unavailable("error trying to reach service: \(error)")
        }
        if isUpgrade, answer.status == 101 {
            return APIResponse(
                status: 101, headers: answer.headers,
                body: .upgrade { client in Tunnel(client: client, backend: answer.connection).run() })
        }
        let headers = ForwardedRequest.endToEnd(answer.headers)
        if request.method == "HEAD" || [204, 304].contains(answer.status) {
            answer.connection.close()
            return APIResponse(status: answer.status, headers: headers)
        }
        return APIResponse(status: answer.status, headers: headers, body: .streaming(answer.connection))
    }

    /// Asks an extension API server something in the server's own name.
    ///
    /// - Parameter trust: Other than the service's own: the check of availability asks for no proof.
    func ask(
        _ service: AggregatedService, path: String, headers: HTTPHeaders = [:], trust: ExtensionTrust? = nil,
        as user: UserInfo = Aggregation.ownIdentity, _ connector: any BackendConnector
    ) async throws(BackendError) -> (url: String, answer: BackendAnswer) {
        var request = APIRequest(path: path, headers: headers)
        ForwardedIdentity.add(user, to: &request.headers)
        guard var backend = await backend(of: service, request) else { throw BackendError("service unavailable") }
        if let trust { backend.security = .extensionServer(trust) }
        do throws(BackendError) { return (backend.url, try await connector.send(backend)) } catch {
            throw BackendError("failing or missing response from \(backend.url): Get \(backend.url.quoted): \(error)")
        }
    }

    /// - Returns: nil when nobody stands behind the service.
    private func backend(of service: AggregatedService, _ request: APIRequest) async -> BackendRequest? {
        do throws(Status) {
            let found = try await ServiceBackends(objects: objects).backend(
                namespace: service.namespace, name: service.serviceName, port: service.port)
            var request = request
            request.headers["Host"] = nil
            return BackendRequest(host: found.host, port: found.port, security: .extensionServer(service.trust), request: request)
        } catch {
            return nil
        }
    }

    /// Upstream answers these in plain text.
    private static func unavailable(_ why: String) -> APIResponse {
        APIResponse(
            status: 503, headers: ["Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"],
            body: .bytes(Array("\(why)\n".utf8)))
    }
}

extension Aggregation {
    /// Who this server is to others: one that may read everything.
    static let ownIdentity = UserInfo(name: "system:kube-aggregator", groups: ["system:masters"])
}

/// Tells an extension API server who asks, after client-go's SetAuthProxyHeaders. The client certificate of the connection vouches for it.
enum ForwardedIdentity {
    static func add(_ user: UserInfo, to headers: inout HTTPHeaders) {
        headers["X-Remote-User"] = user.name
        if !user.uid.isEmpty { headers["X-Remote-Uid"] = user.uid }
        for group in user.groups { headers.append("X-Remote-Group", group) }
        for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
            for value in values { headers.append("X-Remote-Extra-\(escaped(key))", value) }
        }
    }

    /// What may not stand in a field's name (RFC 9110, 5.6.2), and the percent sign, percent-encoded.
    private static func escaped(_ key: String) -> String {
        let punctuation = Set("!#$&'*+-.^_`|~".utf8)
        var text = ""
        for byte in key.utf8 {
            let isLetterOrDigit = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isLetterOrDigit || punctuation.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}

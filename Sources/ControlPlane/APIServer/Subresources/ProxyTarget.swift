internal import APIMachinery

/// `[scheme:]name[:port]`, as proxied objects are named, after upstream's SplitSchemeNamePort.
struct ProxyName: Hashable, Sendable {
    var scheme: String
    var name: String
    /// A number or a name; empty for the usual one.
    var port: String

    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: (scheme, name, port) = ("", parts[0], "")
        case 2: (scheme, name, port) = ("", parts[0], parts[1])
        case 3: (scheme, name, port) = (parts[0], parts[1], parts[2])
        default: return nil
        }
        guard !name.isEmpty, ["http", "https", ""].contains(scheme) else { return nil }
    }
}

/// Where a proxied request goes.
struct ProxyTarget: Hashable, Sendable {
    var host: String
    var port: Int
    var security: BackendRequest.Security
}

/// Finds the target of a proxied request, after the ResourceLocation of upstream's registries.
struct ProxyTargets: Sendable {
    let objects: ObjectReader

    func target(resource: String, namespace: String, name text: String) async throws(Status) -> ProxyTarget {
        let kind = String(resource.dropLast())
        guard let name = ProxyName(text) else { throw .badRequest("invalid \(kind) request \(text.quoted)") }
        switch resource {
        case "pods": return try await pod(name, namespace)
        case "services": return try await service(name, namespace, text)
        default: return try await node(name)
        }
    }

    private func pod(_ name: ProxyName, _ namespace: String) async throws(Status) -> ProxyTarget {
        guard let pod = try await objects.get("pods", namespace: namespace, name: name.name) else {
            throw .notFound(resource: "pods", group: "", name: name.name)
        }
        var port = name.port
        if port.isEmpty {
            let first = (pod["spec"]?["containers"]?.arrayValue ?? []).lazy.compactMap { $0["ports"]?[0]?["containerPort"]?.integerValue }
                .first
            port = first.map(String.init) ?? ""
        }
        let address = pod["status"]?["podIPs"]?[0]?["ip"]?.stringValue ?? pod["status"]?["podIP"]?.stringValue ?? ""
        guard ProxyableAddress.isAllowed(address) else { throw .badRequest("address not allowed") }
        return ProxyTarget(host: address, port: try Self.number(port, name.scheme), security: Self.security(name.scheme))
    }

    private func service(_ name: ProxyName, _ namespace: String, _ text: String) async throws(Status) -> ProxyTarget {
        guard let service = try await objects.get("services", namespace: namespace, name: name.name) else {
            throw .notFound(resource: "services", group: "", name: name.name)
        }
        var portName = name.port
        if let number = Int64(portName) {
            guard let port = (service["spec"]?["ports"]?.arrayValue ?? []).first(where: { $0["port"]?.integerValue == number }) else {
                throw .unavailable("no service port \(number) found for service \(name.name.quoted)")
            }
            portName = port["name"]?.stringValue ?? ""
        }
        let all = try await ServiceBackends(objects: objects).backends(namespace: namespace, name: name.name, portName: portName)
        for backend in all.shuffled() where try await isPods(backend, namespace) {
            return ProxyTarget(host: backend.host, port: backend.port, security: Self.security(name.scheme))
        }
        throw .unavailable("no endpoints available for service \(text.quoted)")
    }

    /// Endpoints are written by users too: only an address that a pod of the namespace really has is gone to.
    private func isPods(_ backend: ServiceBackends.Backend, _ namespace: String) async throws(Status) -> Bool {
        guard !backend.podName.isEmpty, ProxyableAddress.isAllowed(backend.host),
            let pod = try await objects.get("pods", namespace: namespace, name: backend.podName)
        else { return false }
        let addresses = (pod["status"]?["podIPs"]?.arrayValue ?? []).compactMap { $0["ip"]?.stringValue }
        return addresses.contains(backend.host) || pod["status"]?["podIP"]?.stringValue == backend.host
    }

    private func node(_ name: ProxyName) async throws(Status) -> ProxyTarget {
        let address = try await objects.nodeAddress(name.name)
        if name.port.isEmpty || name.port == String(address.port) {
            return ProxyTarget(host: address.host, port: address.port, security: .kubelet)
        }
        guard ProxyableAddress.isAllowed(address.host) else { throw .badRequest("address not allowed") }
        return ProxyTarget(host: address.host, port: try Self.number(name.port, name.scheme), security: Self.security(name.scheme))
    }

    private static func security(_ scheme: String) -> BackendRequest.Security { scheme == "https" ? .unverified : .plainText }

    private static func number(_ port: String, _ scheme: String) throws(Status) -> Int {
        if port.isEmpty { return scheme == "https" ? 443 : 80 }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw .unavailable("error trying to reach service: dial tcp: lookup tcp/\(port): unknown port")
        }
        return number
    }
}

/// Addresses that this server lets itself be sent to: not its own, and none that mean another machine on each network.
enum ProxyableAddress {
    /// Go's IP.IsGlobalUnicast.
    static func isAllowed(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        let bytes = address.bytes
        if address.isIPv4 {
            let isLinkLocal = bytes[0] == 169 && bytes[1] == 254
            return bytes[0] != 127 && bytes[0] < 224 && !isLinkLocal && bytes.contains { $0 != 0 }
        }
        let isLoopbackOrNone = bytes.dropLast().allSatisfy { $0 == 0 } && (bytes.last ?? 0) <= 1
        let isLinkLocal = bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
        return !isLoopbackOrNone && !isLinkLocal && bytes[0] != 0xFF
    }
}

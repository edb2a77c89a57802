internal import APIMachinery

/// Where a node's agent listens, after upstream's NodeConnectionInfoGetter.
struct NodeAddress: Hashable, Sendable {
    var host: String
    var port: Int

    private static let defaultPort: Int64 = 10250
    /// Names of nodes need not resolve: addresses come first, as kubeadm has it too.
    private static let preferredTypes = ["InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS"]

    /// - Throws: When the node has told no address yet.
    init(_ node: JSONObject) throws(Status) {
        let addresses = node["status"]?["addresses"]?.arrayValue ?? []
        let preferred = Self.preferredTypes.lazy.compactMap { type in
            addresses.first { $0["type"]?.stringValue == type }?["address"]?.stringValue
        }
        guard let host = preferred.first(where: { !$0.isEmpty }) else {
            let known = addresses.compactMap { $0["type"]?.stringValue }.joined(separator: " ")
            throw Status(code: 500, reason: .unknown, message: "no preferred addresses found; known addresses: [\(known)]")
        }
        self.host = host
        let told = node["status"]?["daemonEndpoints"]?["kubeletEndpoint"]?["Port"]?.integerValue ?? 0
        port = Int(told > 0 ? told : Self.defaultPort)
    }
}

extension ObjectReader {
    /// - Throws: 404 when there is no such node.
    func nodeAddress(_ name: String) async throws(Status) -> NodeAddress {
        guard let node = try await get("nodes", name: name) else { throw .notFound(resource: "nodes", group: "", name: name) }
        return try NodeAddress(node)
    }
}

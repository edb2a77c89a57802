/// Which UDP flows the kernel has to forget after a change of services. Pure.
struct StaleFlow: Hashable, Sendable {
    /// Whom the packets are sent to; nil: any address of this node.
    var address: String?
    var port: UInt16
    var isIPv4: Bool
}

enum StaleFlows {
    /// All flows to a UDP port that has lost an endpoint, or that has its first ones: packets before that were translated to nothing, and
    /// stay so.
    static func find(from old: [ProxiedPort], to new: [ProxiedPort]) -> Set<StaleFlow> {
        let now = Dictionary(new.filter { $0.transport == .udp }.map { ($0.id, $0) }) { first, _ in first }
        let before = Dictionary(old.filter { $0.transport == .udp }.map { ($0.id, $0) }) { first, _ in first }
        var stale: Set<StaleFlow> = []
        for (id, port) in before where lostAny(port, now[id]) { stale.formUnion(flows(of: port)) }
        for (id, port) in now where !port.endpoints.cluster.isEmpty && before[id]?.endpoints.cluster.isEmpty ?? true {
            stale.formUnion(flows(of: port))
        }
        return stale
    }

    private static func lostAny(_ old: ProxiedPort, _ new: ProxiedPort?) -> Bool {
        guard let new else { return true }
        return !Set(old.endpoints.cluster + old.endpoints.local).isSubset(of: new.endpoints.cluster + new.endpoints.local)
            || old.clusterIP != new.clusterIP
    }

    private static func flows(of port: ProxiedPort) -> [StaleFlow] {
        let addresses = ([port.clusterIP] + port.outsideIPs).map { StaleFlow(address: $0, port: port.port, isIPv4: port.isIPv4) }
        return addresses + (port.nodePort.map { [StaleFlow(address: nil, port: $0, isIPv4: port.isIPv4)] } ?? [])
    }
}

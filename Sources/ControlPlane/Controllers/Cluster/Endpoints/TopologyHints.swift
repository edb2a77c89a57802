internal import KubernetesAPI

/// For whom each endpoint is, so that clients are sent to one that is near.
enum TopologyHints {
    /// - Parameter distribution: The Service's trafficDistribution.
    static func apply(_ distribution: String?, to endpoint: inout Endpoint) {
        endpoint.hints = hints(distribution, endpoint)
    }

    private static func hints(_ distribution: String?, _ endpoint: Endpoint) -> EndpointHints? {
        guard let distribution, ["PreferClose", "PreferSameZone", "PreferSameNode"].contains(distribution),
            endpoint.conditions?.ready == true
        else { return nil }
        var hints = EndpointHints()
        if let zone = endpoint.zone { hints.forZones = [ForZone { $0.name = zone }] }
        if distribution == "PreferSameNode", let node = endpoint.nodeName { hints.forNodes = [ForNode { $0.name = node }] }
        return hints.forZones.isEmpty && hints.forNodes.isEmpty ? nil : hints
    }
}

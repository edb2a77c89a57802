internal import APIMachinery
internal import KubernetesAPI

/// An endpoint of one service port with what decides about it.
struct CandidateEndpoint: Hashable, Sendable {
    var backend: Backend
    var isReady: Bool
    var isServing: Bool
    var isTerminating: Bool
    var isLocal: Bool
    /// Zones and nodes that it is meant for; empty: no hint.
    var zoneHints: [String] = []
    var nodeHints: [String] = []
}

/// Which endpoints get a service port's packets; KEP-1669 (terminating endpoints), KEP-2433 and KEP-3015 (hints).
struct EndpointChoice: Hashable, Sendable {
    var cluster: [Backend]
    var local: [Backend]
    /// Whether there is an endpoint on any node: then a policy that keeps to this node drops, instead of refusing.
    var isAnywhere: Bool

    /// - Parameters:
    ///   - zone: This node's; nil when it is not known.
    init(_ candidates: [CandidateEndpoint], nodeName: String, zone: String?) {
        cluster = Self.usable(Self.hinted(candidates, nodeName: nodeName, zone: zone))
        local = Self.usable(candidates.filter(\.isLocal))
        isAnywhere = candidates.contains { $0.isReady || ($0.isServing && $0.isTerminating) }
    }

    /// Those that are ready; when there are none, those that still serve while they end.
    private static func usable(_ candidates: [CandidateEndpoint]) -> [Backend] {
        let ready = candidates.filter(\.isReady)
        let chosen = ready.isEmpty ? candidates.filter { $0.isServing && $0.isTerminating } : ready
        return Set(chosen.map(\.backend)).sorted()
    }

    /// Hints count only when every ready endpoint has one and one of them is meant for here: else some would get nothing, or we would.
    private static func hinted(_ candidates: [CandidateEndpoint], nodeName: String, zone: String?) -> [CandidateEndpoint] {
        let ready = candidates.filter(\.isReady)
        if !ready.isEmpty, ready.allSatisfy({ !$0.nodeHints.isEmpty }) {
            let here = ready.filter { $0.nodeHints.contains(nodeName) }
            if !here.isEmpty { return here }
        }
        guard let zone, !ready.isEmpty, ready.allSatisfy({ !$0.zoneHints.isEmpty }) else { return candidates }
        let here = ready.filter { $0.zoneHints.contains(zone) }
        return here.isEmpty ? candidates : here
    }
}

extension CandidateEndpoint {
    /// The endpoints of a service's port in its slices of one address family.
    ///
    /// - Parameter port: The service port's name.
    static func find(in slices: [EndpointSlice], port: String, isIPv4: Bool, nodeName: String) -> [CandidateEndpoint] {
        slices.filter { $0.addressType == (isIPv4 ? "IPv4" : "IPv6") }.flatMap { slice -> [CandidateEndpoint] in
            // A slice without this port has pods whose container has no port of the name.
            guard let match = slice.ports.first(where: { ($0.name ?? "") == port }),
                let number = match.port.flatMap({ UInt16(exactly: $0) })
            else { return [] }
            return slice.endpoints.compactMap { Self($0, port: number, nodeName: nodeName) }
        }
    }

    /// Clients use an endpoint's first address only. Conditions that are not known are taken for good (the API's rule).
    private init?(_ endpoint: Endpoint, port: UInt16, nodeName: String) {
        guard let text = endpoint.addresses.first, let address = IPAddress(text) else { return nil }
        backend = Backend(address: address.description, port: port, isIPv4: address.isIPv4)
        isReady = endpoint.conditions?.ready ?? true
        isServing = endpoint.conditions?.serving ?? isReady
        isTerminating = endpoint.conditions?.terminating ?? false
        isLocal = endpoint.nodeName == nodeName
        zoneHints = endpoint.hints?.forZones.map(\.name) ?? []
        nodeHints = endpoint.hints?.forNodes.map(\.name) ?? []
    }
}

internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// How much of a zone is not ready, and so how fast nodes in it may be emptied: many nodes lost at once are more likely a broken network.
enum ZoneState: Hashable, Sendable {
    case normal
    case partlyDisrupted
    case fullyDisrupted

    private static let unhealthyThreshold = 0.55
    private static let ratePerSecond = 0.1
    private static let secondaryRatePerSecond = 0.01
    /// A zone of no more nodes is not emptied at all while it is partly disrupted.
    private static let smallZone = 50

    init(ready: Int, notReady: Int) {
        if ready == 0, notReady > 0 {
            self = .fullyDisrupted
        } else if notReady > 2, Double(notReady) / Double(ready + notReady) >= Self.unhealthyThreshold {
            self = .partlyDisrupted
        } else {
            self = .normal
        }
    }

    /// Nodes a second.
    func ratePerSecond(nodes: Int) -> Double {
        switch self {
        case .normal, .fullyDisrupted: Self.ratePerSecond
        case .partlyDisrupted: nodes > Self.smallZone ? Self.secondaryRatePerSecond : 0
        }
    }

    /// `region:zone`, as upstream's keys.
    static func zone(of node: Node) -> String {
        "\(node.metadata.labels["topology.kubernetes.io/region"] ?? ""):\(node.metadata.labels["topology.kubernetes.io/zone"] ?? "")"
    }
}

/// Nodes that wait for the taint by which their pods are evicted, let through at each zone's rate.
struct EvictionGate: Sendable {
    private struct Zone {
        var rate: Double
        var bucket: TokenBucket
    }
    private var zones: [String: Zone] = [:]
    /// Every zone is lost: the fault is here, and nobody is evicted.
    private(set) var isShut = false

    /// - Parameter nodes: All of the cluster.
    mutating func see(_ nodes: [Node]) {
        var states: [ZoneState] = []
        for (zone, members) in Dictionary(grouping: nodes, by: ZoneState.zone) {
            let ready = members.count(where: \.isReady)
            let state = ZoneState(ready: ready, notReady: members.count - ready)
            states.append(state)
            let rate = state.ratePerSecond(nodes: members.count)
            if zones[zone]?.rate != rate { zones[zone] = Zone(rate: rate, bucket: TokenBucket(ratePerSecond: rate, burst: 1)) }
        }
        isShut = !states.isEmpty && states.allSatisfy { $0 == .fullyDisrupted }
    }

    mutating func lets(_ node: Node, at now: Duration) -> Bool {
        let key = ZoneState.zone(of: node)
        guard !isShut, var zone = zones[key], zone.rate > 0 else { return false }
        defer { zones[key] = zone }
        return zone.bucket.take(at: now)
    }
}

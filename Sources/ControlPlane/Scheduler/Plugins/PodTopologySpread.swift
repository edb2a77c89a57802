/// Spreads pods over the values of a node label (KEP-895): hard constraints rule nodes out, soft ones make them worse.
package struct PodTopologySpread: FilterPlugin, ScorePlugin {
    package let name = "PodTopologySpread"
    package var interests: ClusterChange.Kinds { [.nodes, .podPlaced, .placedPodUpdated, .podRemoved, .waitingPod] }
    /// For pods without constraints of their own; their selector is that of the pod's services and its owner.
    package var defaults: [DefaultConstraint]
    /// The defaults are upstream's: nodes without a zone take part in spreading over hosts.
    package var usesSystemDefaults: Bool

    package struct DefaultConstraint: Hashable, Sendable {
        package var maxSkew: Int64
        package var topologyKey: String
        package var isHard: Bool
        package init(maxSkew: Int64, topologyKey: String, isHard: Bool = false) {
            self.maxSkew = maxSkew
            self.topologyKey = topologyKey
            self.isHard = isHard
        }
    }
    static let hostname = "kubernetes.io/hostname"
    package static let systemDefaults = [
        DefaultConstraint(maxSkew: 3, topologyKey: hostname), DefaultConstraint(maxSkew: 5, topologyKey: "topology.kubernetes.io/zone"),
    ]

    /// - Parameter defaults: nil for upstream's.
    package init(defaults: [DefaultConstraint]? = nil) {
        self.defaults = defaults ?? Self.systemDefaults
        usesSystemDefaults = defaults == nil
    }

    func constraints(of pod: PodInfo, isHard: Bool, _ cluster: ClusterSnapshot) -> [SpreadConstraint] {
        if !pod.pod.spec.topologySpreadConstraints.isEmpty { return isHard ? pod.hardSpread : pod.softSpread }
        let own = defaults.filter { $0.isHard == isHard }
        guard !own.isEmpty, let labels = cluster.owners.selector(of: pod) else { return [] }
        return own.map { SpreadConstraint(maxSkew: $0.maxSkew, topologyKey: $0.topologyKey, namespace: pod.key.namespace, labels: labels) }
    }

    // MARK: Filter

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        let constraints = constraints(of: pod, isHard: true, cluster)
        guard !constraints.isEmpty else { return .skip }
        let topologies = constraints.map { cluster.topology($0.topologyKey) }
        let eligible = SpreadEligibility(pod, constraints, topologies, requiresAllKeys: true)
        return .check(
            Filter(
                domains: zip(constraints, topologies).map { constraint, topology in
                    Domain(pod, constraint, topology, eligible, cluster)
                }))
    }

    /// One constraint's counts.
    struct Domain {
        let constraint: SpreadConstraint
        let topology: Topology
        /// By number of value; nil where no eligible node is.
        let counts: [Int64?]
        /// The smallest count; 0 when there are fewer domains than asked for.
        let smallest: Int64
        let domainCount: Int
        /// Whether the pod itself counts.
        let selfMatch: Int64

        init(
            _ pod: PodInfo, _ constraint: SpreadConstraint, _ topology: Topology, _ eligible: SpreadEligibility, _ cluster: ClusterSnapshot
        ) {
            self.constraint = constraint
            self.topology = topology
            let podCounts = cluster.podCounts(constraint.pods)
            var counts = [Int64?](repeating: nil, count: topology.values.count)
            for slot in cluster.order where eligible.contains(slot, constraint, cluster) {
                let value = Int(topology.valueOfSlot[slot])
                counts[value] = (counts[value] ?? 0) + (slot < podCounts.count ? Int64(podCounts[slot]) : 0)
            }
            self.counts = counts
            let present = counts.compactMap { $0 }
            domainCount = present.count
            smallest = Int64(domainCount) < constraint.minDomains ? 0 : present.min() ?? 0
            selfMatch = constraint.pods.matches(pod, cluster.namespaces) ? 1 : 0
        }
    }

    struct Filter: NodeFilter {
        let domains: [Domain]

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            for domain in domains {
                let value = domain.topology.valueOfSlot[slot]
                guard value >= 0 else {
                    return .unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
                }
                let skew = (domain.counts[Int(value)] ?? 0) + domain.selfMatch - domain.smallest
                if skew > domain.constraint.maxSkew {
                    return .unschedulable("node(s) didn't match pod topology spread constraints")
                }
            }
            return nil
        }

        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            for domain in domains {
                let key = domain.constraint.topologyKey
                let value = domain.topology.valueOfSlot[slot]
                guard value >= 0 else { return "the node has no label \(key)" }
                let count = domain.counts[Int(value)] ?? 0
                let skew = count + domain.selfMatch - domain.smallest
                if skew > domain.constraint.maxSkew {
                    return "\(key)=\(domain.topology.values[Int(value)]): \(count) matching pods, \(domain.smallest) in the emptiest of "
                        + "\(domain.domainCount) domains: skew \(skew) with this pod, at most \(domain.constraint.maxSkew)"
                }
            }
            return nil
        }
    }

    // MARK: Score

    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? {
        let constraints = constraints(of: pod, isHard: false, cluster)
        guard !constraints.isEmpty else { return nil }
        let requiresAllKeys = !pod.pod.spec.topologySpreadConstraints.isEmpty || !usesSystemDefaults
        return SpreadScorer(pod, constraints, nodes, cluster, requiresAllKeys: requiresAllKeys)
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        let constraints = constraints(of: pod, isHard: true, cluster)
        func counts(_ other: PodInfo) -> Bool { constraints.contains { $0.pods.matches(other, cluster.namespaces) } }
        func hasKeys(_ node: NodeInfo) -> Bool { constraints.allSatisfy { node.labels[$0.topologyKey] != nil } }
        switch change {
        case .nodeAdded(let node): return hasKeys(node)
        case .nodeUpdated(let old, let new): return old.labels != new.labels && (hasKeys(old) || hasKeys(new))
        case .podPlaced(let other): return counts(other)
        case .podRemoved(let other): return constraints.contains { $0.pods.scope.names.contains(other.key.namespace) } && counts(other)
        case .placedPodUpdated(let old, let new): return counts(old) != counts(new)
        case .waitingPodUpdated(let old, let new):
            return old.labels != new.labels || old.pod.spec.topologySpreadConstraints != new.pod.spec.topologySpreadConstraints
        default: return false
        }
    }
}

/// The nodes that count when pods are spread.
struct SpreadEligibility {
    private let pod: PodInfo
    private let topologies: [Topology]
    private let requiresAllKeys: Bool

    init(_ pod: PodInfo, _ constraints: [SpreadConstraint], _ topologies: [Topology], requiresAllKeys: Bool) {
        self.pod = pod
        self.topologies = topologies
        self.requiresAllKeys = requiresAllKeys
    }

    func hasAllKeys(_ slot: Int) -> Bool { topologies.allSatisfy { $0.valueOfSlot[slot] >= 0 } }

    /// It has the labels of all constraints, and suits the pod in the ways that the constraint honours.
    func contains(_ slot: Int, _ constraint: SpreadConstraint, _ cluster: ClusterSnapshot) -> Bool {
        if requiresAllKeys, !hasAllKeys(slot) { return false }
        if constraint.honoursNodeAffinity, let demand = pod.nodeDemand {
            guard let node = cluster.nodes[slot], demand.matches(node) else { return false }
        }
        if constraint.honoursTaints, cluster.hardTaintedNodeCount > 0, let node = cluster.nodes[slot] {
            return node.hardTaints.allSatisfy { pod.tolerates($0) }
        }
        return true
    }
}

internal import Glibc

/// Points for soft spreading: the matching pods of a node's domains, weighted so that a label with few values is not drowned by one with many;
/// the fewer the better.
struct SpreadScorer: NodeScorer {
    private struct Part {
        var constraint: SpreadConstraint
        var topology: Topology
        /// By number of value; of hosts by slot.
        var counts: [Int64]
        var isByHost: Bool
        var weight: Double
    }
    private var parts: [Part] = []
    /// Nodes that lack a label, in the order of the nodes to be scored; nil for none.
    private var ignored: [Bool]?

    init(_ pod: PodInfo, _ constraints: [SpreadConstraint], _ nodes: [Int], _ cluster: ClusterSnapshot, requiresAllKeys: Bool) {
        let topologies = constraints.map { cluster.topology($0.topologyKey) }
        let eligible = SpreadEligibility(pod, constraints, topologies, requiresAllKeys: requiresAllKeys)
        if requiresAllKeys {
            let lacking = nodes.map { !eligible.hasAllKeys($0) }
            if lacking.contains(true) { ignored = lacking }
        }
        for (constraint, topology) in zip(constraints, topologies) {
            parts.append(part(constraint, topology, eligible, nodes, cluster))
        }
    }

    private func part(
        _ constraint: SpreadConstraint, _ topology: Topology, _ eligible: SpreadEligibility, _ nodes: [Int], _ cluster: ClusterSnapshot
    ) -> Part {
        let podCounts = cluster.podCounts(constraint.pods)
        let candidates = ignored.map { ignored in nodes.indices.filter { !ignored[$0] }.map { nodes[$0] } } ?? nodes
        guard constraint.topologyKey != PodTopologySpread.hostname else {
            return Part(
                constraint: constraint, topology: topology, counts: podCounts.map { Int64($0) }, isByHost: true,
                weight: Self.weight(candidates.count))
        }
        var isCandidate = [Bool](repeating: false, count: topology.values.count + 1)
        var size = 0
        for slot in candidates {
            // Nodes without the label are a domain too where that is allowed.
            let value = Int(topology.valueOfSlot[slot])
            let index = value < 0 ? topology.values.count : value
            if !isCandidate[index] {
                isCandidate[index] = true
                size += 1
            }
        }
        var counts = [Int64](repeating: 0, count: topology.values.count)
        for slot in podCounts.indices where podCounts[slot] != 0 && cluster.nodes[slot] != nil {
            let value = Int(topology.valueOfSlot[slot])
            guard value >= 0, isCandidate[value], eligible.contains(slot, constraint, cluster) else { continue }
            counts[value] += Int64(podCounts[slot])
        }
        return Part(constraint: constraint, topology: topology, counts: counts, isByHost: false, weight: Self.weight(size))
    }

    static func weight(_ domainCount: Int) -> Double { log(Double(domainCount + 2)) }

    func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
        nodes.indices.map { index in
            if ignored?[index] == true { return 0 }
            let slot = nodes[index]
            var score = 0.0
            for part in parts {
                let value = Int(part.topology.valueOfSlot[slot])
                guard value >= 0 else { continue }
                let count = part.isByHost ? (slot < part.counts.count ? part.counts[slot] : 0) : part.counts[value]
                score += Double(count) * part.weight + Double(part.constraint.maxSkew - 1)
            }
            return Int64(score.rounded())
        }
    }

    func normalise(_ scores: inout [Int64], of nodes: [Int]) {
        var smallest = Int64.max
        var largest: Int64 = 0
        for index in scores.indices where ignored?[index] != true {
            smallest = min(smallest, scores[index])
            largest = max(largest, scores[index])
        }
        for index in scores.indices {
            if ignored?[index] == true {
                scores[index] = 0
            } else if largest == 0 {
                scores[index] = Normalisation.highest
            } else {
                scores[index] = Normalisation.highest * (largest + smallest - scores[index]) / largest
            }
        }
    }
}

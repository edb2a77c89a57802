/// `spec.nodeSelector` and node affinity: required terms rule nodes out, preferred ones make them better.
package struct NodeAffinityPlugin: FilterPlugin, ScorePlugin {
    package let name = "NodeAffinity"
    package var interests: ClusterChange.Kinds { [.nodes, .waitingPod] }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        guard let demand = pod.nodeDemand else { return .skip }
        guard let named = demand.terms?.namedNodes else { return .check(Filter(demand: demand)) }
        if named.isEmpty { return .refuse(.unresolvable("pod affinity terms conflict")) }
        return .check(Filter(demand: demand), within: named)
    }

    private struct Filter: NodeFilter {
        let demand: NodeDemand
        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            guard let node = cluster.nodes[slot], demand.matches(node) else {
                return .unresolvable("node(s) didn't match Pod's node affinity/selector")
            }
            return nil
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            guard let node = cluster.nodes[slot] else { return nil }
            if let unmet = demand.selector.requirements.first(where: { !$0.matches(node.labels) }) {
                let value = node.labels[unmet.key].map { "the node has \($0)" } ?? "the node has no such label"
                return "nodeSelector asks for \(unmet); \(value)"
            }
            return "no required term of node affinity holds"
        }
    }

    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? {
        pod.preferredNodes.isEmpty ? nil : Scorer(pod: pod)
    }

    /// The sum of the weights of the terms that hold.
    private struct Scorer: NodeScorer {
        let pod: PodInfo
        func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
            nodes.map { slot in
                guard let node = cluster.nodes[slot] else { return 0 }
                return pod.preferredNodes.reduce(0) { $1.term.matches(node) ? $0 + $1.weight : $0 }
            }
        }
        func normalise(_ scores: inout [Int64], of nodes: [Int]) { Normalisation.toMaximum(&scores, isReversed: false) }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        guard let demand = pod.nodeDemand else { return false }
        return switch change {
        case .nodeAdded(let node): demand.matches(node)
        case .nodeUpdated(let old, let new): !demand.matches(old) && demand.matches(new)
        case .waitingPodUpdated(let old, let new): old.nodeDemand != new.nodeDemand
        default: false
        }
    }
}

internal import KubernetesAPI

/// Hard taints keep a pod away that does not tolerate them; soft ones make a node worse.
package struct TaintToleration: FilterPlugin, ScorePlugin {
    package let name = "TaintToleration"
    package var interests: ClusterChange.Kinds { [.nodes, .waitingPod] }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        cluster.hardTaintedNodeCount == 0 ? .skip : .check(Filter(pod: pod))
    }

    private struct Filter: NodeFilter {
        let pod: PodInfo
        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            untolerated(on: slot, cluster) == nil ? nil : .unresolvable("node(s) had untolerated taint(s)")
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            untolerated(on: slot, cluster).map { "taint \($0.text) is not tolerated" }
        }
        private func untolerated(on slot: Int, _ cluster: ClusterSnapshot) -> Taint? {
            guard let taints = cluster.nodes[slot]?.hardTaints, !taints.isEmpty else { return nil }
            return taints.first { !pod.tolerates($0) }
        }
    }

    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? { Scorer(pod: pod) }

    /// Counts soft taints that are not tolerated; the fewer the better.
    private struct Scorer: NodeScorer {
        let pod: PodInfo
        func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
            guard cluster.softTaintedNodeCount > 0 else { return [Int64](repeating: 0, count: nodes.count) }
            let tolerations = pod.pod.spec.tolerations.filter { $0.effect == nil || $0.effect == "PreferNoSchedule" }
            return nodes.map { slot in
                guard let taints = cluster.nodes[slot]?.softTaints, !taints.isEmpty else { return 0 }
                return Int64(taints.count { taint in !tolerations.contains { $0.tolerates(taint) } })
            }
        }
        func normalise(_ scores: inout [Int64], of nodes: [Int]) { Normalisation.toMaximum(&scores, isReversed: true) }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded(let node): isTolerated(node, by: pod)
        case .nodeUpdated(let old, let new): !isTolerated(old, by: pod) && isTolerated(new, by: pod)
        case .waitingPodUpdated(let old, let new): old.pod.spec.tolerations != new.pod.spec.tolerations
        default: false
        }
    }

    private func isTolerated(_ node: NodeInfo, by pod: PodInfo) -> Bool { node.hardTaints.allSatisfy { pod.tolerates($0) } }
}

extension Taint {
    /// `key=value:effect`, as kubectl writes it.
    var text: String { "\(key)\((value ?? "").isEmpty ? "" : "=\(value ?? "")"):\(effect)" }
}

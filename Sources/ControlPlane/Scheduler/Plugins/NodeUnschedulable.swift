internal import KubernetesAPI

/// Nodes with `spec.unschedulable`, except for pods that tolerate the taint of that name.
package struct NodeUnschedulable: FilterPlugin {
    package let name = "NodeUnschedulable"
    package var interests: ClusterChange.Kinds { [.nodes, .waitingPod] }
    package init() {}

    static let taint = Taint {
        $0.key = "node.kubernetes.io/unschedulable"
        $0.effect = "NoSchedule"
    }

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        cluster.unschedulableNodeCount == 0 || pod.tolerates(Self.taint) ? .skip : .check(Filter())
    }

    private struct Filter: NodeFilter {
        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            cluster.nodes[slot]?.isUnschedulable == true ? .unresolvable("node(s) were unschedulable") : nil
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? { "spec.unschedulable is true" }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded(let node): !node.isUnschedulable
        case .nodeUpdated(let old, let new): old.isUnschedulable && !new.isUnschedulable
        case .waitingPodUpdated(_, let new): new.tolerates(Self.taint)
        default: false
        }
    }
}

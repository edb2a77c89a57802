/// `spec.nodeName` of a pod that is not bound yet.
package struct NodeNamePlugin: FilterPlugin {
    package let name = "NodeName"
    package var interests: ClusterChange.Kinds { .nodes }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        pod.nodeName.isEmpty ? .skip : .check(Filter(wanted: pod.nodeName))
    }

    private struct Filter: NodeFilter {
        let wanted: String
        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            cluster.nodes[slot]?.name == wanted ? nil : .unresolvable("node(s) didn't match the requested node name")
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? { "spec.nodeName is \(wanted)" }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        if case .nodeAdded(let node) = change { node.name == pod.nodeName } else { false }
    }
}

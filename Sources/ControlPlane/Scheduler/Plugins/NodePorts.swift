/// Ports of the host that another pod of the node has.
package struct NodePorts: FilterPlugin {
    package let name = "NodePorts"
    package var interests: ClusterChange.Kinds { [.nodes, .podRemoved] }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        pod.hostPorts.isEmpty ? .skip : .check(Filter(ports: pod.hostPorts))
    }

    private struct Filter: NodeFilter {
        let ports: [HostPort]
        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            clash(on: slot, cluster) == nil ? nil : .unschedulable("node(s) didn't have free ports for the requested pod ports")
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            clash(on: slot, cluster).map { "\($0.port.transport) port \($0.port.port) is taken by \($0.pod.key)" }
        }
        private func clash(on slot: Int, _ cluster: ClusterSnapshot) -> (port: HostPort, pod: PodInfo)? {
            for pod in cluster.pods[slot] where !pod.hostPorts.isEmpty {
                for port in ports where pod.hostPorts.contains(where: { $0.clashes(with: port) }) { return (port, pod) }
            }
            return nil
        }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded: true
        case .podRemoved(let gone): gone.hostPorts.contains { port in pod.hostPorts.contains { $0.clashes(with: port) } }
        default: false
        }
    }
}

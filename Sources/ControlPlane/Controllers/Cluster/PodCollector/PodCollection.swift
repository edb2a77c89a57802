internal import APIMachinery
internal import KubernetesAPI

/// Which pods nobody will end any more: a pure decision over all pods and nodes.
struct PodCollection: Sendable {
    struct Victim: Hashable, Sendable {
        var pod: Pod
        /// Why it is ended from outside; nil when it had ended, or never began.
        var reason: String?
    }
    var victims: [Victim] = []
    /// Their node is not there: to be asked for again after a while.
    var orphans: [Pod] = []

    static let nodeGone = "PodGC: node no longer exists"

    /// - Parameters:
    ///   - threshold: So many ended pods are kept; 0 for all.
    init(pods: [Pod], nodes: [String: Node], threshold: Int) {
        victims = Self.excess(pods, threshold).map { Victim(pod: $0) }
        for pod in pods {
            let name = pod.spec.nodeName ?? ""
            if name.isEmpty {
                if pod.metadata.deletionTimestamp != nil { victims.append(Victim(pod: pod)) }
            } else if let node = nodes[name] {
                if pod.metadata.deletionTimestamp != nil, Self.isOutOfService(node) { victims.append(Victim(pod: pod)) }
            } else {
                orphans.append(pod)
            }
        }
    }

    /// The oldest of the ended pods that are too many; evicted ones first.
    private static func excess(_ pods: [Pod], _ threshold: Int) -> [Pod] {
        let ended = pods.filter { $0.isTerminal && $0.metadata.deletionTimestamp == nil }
        guard threshold > 0, ended.count > threshold else { return [] }
        func rank(_ pod: Pod) -> (Int, Timestamp, String) {
            (
                pod.status.reason == "Evicted" ? 0 : 1, pod.metadata.creationTimestamp ?? Timestamp(seconds: 0, nanoseconds: 0),
                pod.metadata.name ?? ""
            )
        }
        return Array(ended.sorted { rank($0) < rank($1) }.prefix(ended.count - threshold))
    }

    /// An administrator says that the machine is off for good.
    private static func isOutOfService(_ node: Node) -> Bool {
        !node.isReady && node.spec.taints.contains { $0.key == NodeTaints.outOfService }
    }
}

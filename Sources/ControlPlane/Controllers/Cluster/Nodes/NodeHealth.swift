internal import APIMachinery
internal import KubernetesAPI

/// What a node was heard to say last, and when that was by this machine's clock: clocks of nodes need not agree with it.
struct NodeHealth: Sendable {
    /// After so long without a word the node counts as lost (kube-controller-manager's --node-monitor-grace-period since 1.32).
    static let gracePeriod = Duration.seconds(50)
    /// The same for a node that has never told of itself.
    static let startupGracePeriod = Duration.seconds(60)
    private static let watched = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]

    private var heartbeat: Timestamp?
    private var renewal: MicroTimestamp?
    private var heard: Duration

    /// - Parameter now: A node seen for the first time counts as heard now.
    init(now: Duration) { heard = now }

    /// - Parameter renewal: The renewTime of the node's Lease.
    mutating func see(_ node: Node, renewal: MicroTimestamp?, now: Duration) {
        let heartbeat = node.condition("Ready")?.lastHeartbeatTime
        if heartbeat != self.heartbeat || renewal != self.renewal { heard = now }
        (self.heartbeat, self.renewal) = (heartbeat, renewal)
    }

    /// - Parameter gracePeriod: nil: the usual one.
    func isLost(_ node: Node, now: Duration, gracePeriod: Duration? = nil) -> Bool {
        now - heard > (node.condition("Ready") == nil ? Self.startupGracePeriod : gracePeriod ?? Self.gracePeriod)
    }

    /// The conditions of a lost node.
    static func lostConditions(of node: Node, now: Timestamp) -> [NodeCondition] {
        var conditions = node.status.conditions
        for type in watched {
            guard let index = conditions.firstIndex(where: { $0.type == type }) else {
                conditions.append(
                    NodeCondition {
                        $0.type = type
                        $0.status = "Unknown"
                        $0.reason = "NodeStatusNeverUpdated"
                        $0.message = "Kubelet never posted node status."
                        $0.lastHeartbeatTime = node.metadata.creationTimestamp
                        $0.lastTransitionTime = now.truncatedToSeconds
                    })
                continue
            }
            guard conditions[index].status != "Unknown" else { continue }
            conditions[index].status = "Unknown"
            conditions[index].reason = "NodeStatusUnknown"
            conditions[index].message = "Kubelet stopped posting node status."
            conditions[index].lastTransitionTime = now.truncatedToSeconds
        }
        return conditions
    }
}

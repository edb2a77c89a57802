internal import APIMachinery

/// What the scheduler's loop is told, by informers and by bindings that have ended.
enum SchedulerMessage: Sendable {
    case pod(PodInfo)
    case podGone(uid: String)
    case node(NodeInfo)
    case nodeGone(String)
    case namespace(String, labels: [String: String]?)
    /// Anything else that decisions depend on; says what may wake pods.
    case change(@Sendable (inout ClusterSnapshot) -> ClusterChange?)
    case explain(@Sendable (SchedulingRecords) -> Void)
    case bound(uid: String)
    case bindingFailed(uid: String)
    case preempted(uid: String)
}

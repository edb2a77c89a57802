package import APIMachinery
package import KubernetesClient

/// A part of the scheduler's judgement. What it does depends on which of the protocols below it has; a profile lists plugins in their order.
package protocol SchedulingPlugin: Sendable {
    var name: String { get }
    /// The kinds of changes that `mayHelp` need be asked about.
    var interests: ClusterChange.Kinds { get }
    /// Whether a change in the cluster may make a pod schedulable that this plugin has refused (a queueing hint).
    func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool
}

extension SchedulingPlugin {
    package var interests: ClusterChange.Kinds { .all }
    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool { true }
}

/// Keeps pods out of the queue.
package protocol PreEnqueuePlugin: SchedulingPlugin {
    func refusal(toEnqueue pod: PodInfo) -> Refusal?
}

/// Says which of two waiting pods is tried first. A scheduler has one.
package protocol QueueSortPlugin: SchedulingPlugin {
    func precedes(_ left: QueuedPod, _ right: QueuedPod) -> Bool
}

/// Says which nodes can take a pod: prepares once for a pod, then judges node after node.
package protocol FilterPlugin: SchedulingPlugin {
    func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult
}

package enum PreFilterResult {
    /// The plugin has nothing against any node.
    case skip
    /// No node will do.
    case refuse(Refusal)
    /// - Parameter within: Names of the only nodes that come into question; nil for all.
    case check(any NodeFilter, within: Set<String>? = nil)
}

/// One filter's knowledge of one pod.
package protocol NodeFilter {
    /// nil: the node will do.
    func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal?
    /// The same with its numbers, for people.
    func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String?
}

extension NodeFilter {
    package func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? { nil }
}

/// Makes room, or does something else, for a pod that no node can take.
package protocol PostFilterPlugin: SchedulingPlugin {
    func postFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot, _ diagnosis: Diagnosis, _ profile: SchedulingProfile) -> PostFilterResult
}

package enum PostFilterResult: Sendable {
    /// Nothing can be done; the text joins the message of the failure.
    case nothing(String)
    /// As before, and plugins after this one are not asked.
    case failed(String)
    /// The victims are to be removed, then the pod is likely to fit on the node.
    case nominate(Preemption)
}

/// Says which of the nodes that can take a pod are better.
package protocol ScorePlugin: SchedulingPlugin {
    /// - Returns: nil when the plugin has no opinion on the pod: no node gets a point.
    func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)?
}

/// One plugin's opinion on one pod.
package protocol NodeScorer {
    /// Points of the nodes of the slots, in their order.
    func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64]
    /// Brings points into 0...100.
    func normalise(_ scores: inout [Int64], of nodes: [Int])
}

extension NodeScorer {
    package func normalise(_ scores: inout [Int64], of nodes: [Int]) {}
}

/// Sets something aside for a pod on its node, before anything is written.
package protocol ReservePlugin: SchedulingPlugin {
    func reserve(_ pod: PodInfo, on node: String, _ cluster: inout ClusterSnapshot) -> Refusal?
    func unreserve(_ pod: PodInfo, on node: String, _ cluster: inout ClusterSnapshot)
}

package enum Permission: Sendable {
    case allow
    case refuse(Refusal)
    /// The answer comes later; a refusal when it has not come within the time.
    case wait(upTo: Duration, @Sendable () async -> Refusal?)
}

/// Lets a pod go to its node now, later or not at all.
package protocol PermitPlugin: SchedulingPlugin {
    func permit(_ pod: PodInfo, on node: String, _ cluster: ClusterSnapshot) -> Permission
}

/// What plugins that write can use.
package struct BindingContext: Sendable {
    package var client: Client
    package var informers: SharedInformers
    package var time: any TimeSource
}

/// Something to be done before a pod is bound; a refusal thrown by it sends the pod back.
package typealias PreBindWork = @Sendable (BindingContext) async throws -> Void

/// Does what must be done before a pod is bound.
package protocol PreBindPlugin: SchedulingPlugin {
    /// Decided from the same state as the assignment.
    ///
    /// - Returns: nil when there is nothing to do.
    func preBind(_ pod: PodInfo, on node: String, _ cluster: ClusterSnapshot) -> PreBindWork?
}

/// Writes the assignment. The first that says how is used.
package protocol BindPlugin: SchedulingPlugin {
    func bind(_ pod: PodInfo, to node: String, _ context: BindingContext) async throws
}

/// Is told of each pod that was bound.
package protocol PostBindPlugin: SchedulingPlugin {
    func postBind(_ pod: PodInfo, to node: String)
}

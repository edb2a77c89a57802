internal import APIMachinery
internal import CRI
internal import KubernetesAPI
import Synchronization

/// A pod as the node agent's parts share it. Its worker alone acts on it; others say what they want and read its status.
final class PodEntry: Sendable {
    struct Wanted {
        var pod: Pod
        /// Asked to go away, within this time; the shortest of all that were asked for.
        var deletion: Int64?
        var status = PodStatus()
        /// Ids that the runtime has been seen with for this pod.
        var sandboxIDs: Set<String> = []
        var containerIDs: Set<String> = []
        /// Takes part in the accounting of host ports and resources.
        var isAdmitted = false
    }
    let uid: PodUID
    let wakeUp = WakeUp()
    /// Fires when what is being started has become pointless.
    let interrupt = Interrupt()
    /// The pod has reached Succeeded or Failed, and nothing of it runs.
    let over = OneShot<PodStatus>()
    /// Nothing of it is left.
    let removed = OneShot<Void>()
    let probes = PodProbes()
    /// Pods of the same name that have to be gone first.
    let predecessors: [OneShot<Void>]
    private let wanted: Mutex<Wanted>
    private let keeper = Mutex<VerdictKeeper?>(nil)

    init(_ pod: Pod, predecessors: [OneShot<Void>] = []) {
        uid = pod.uid
        self.predecessors = predecessors
        wanted = Mutex(Wanted(pod: pod, status: pod.status))
    }

    /// The pod as it is wanted, with deletion marked.
    var pod: Pod { wanted.withLock { $0.pod } }
    var status: PodStatus { wanted.withLock { $0.status } }
    var deletion: Int64? { wanted.withLock { $0.deletion } }

    func verdictKeeper(_ node: NodeServices) -> VerdictKeeper {
        keeper.withLock { keeper in
            let found = keeper ?? VerdictKeeper(uid, node)
            keeper = found
            return found
        }
    }

    func with<T>(_ body: (inout sending Wanted) -> sending T) -> T { wanted.withLock { body(&$0) } }

    /// Takes over what others may change: the spec, labels and annotations, and the conditions that are not this agent's.
    func update(_ pod: Pod) {
        wanted.withLock { wanted in
            let metadata = wanted.pod.metadata
            wanted.pod = pod
            wanted.pod.metadata.deletionTimestamp = metadata.deletionTimestamp
            wanted.pod.metadata.deletionGracePeriodSeconds = metadata.deletionGracePeriodSeconds
            wanted.status.conditions = PodConditions.merging(wanted.status.conditions, foreign: pod.status.conditions)
            wanted.pod.status = wanted.status
        }
        wakeUp.wake()
    }

    /// - Parameter gracePeriodSeconds: nil: the pod's own.
    func delete(gracePeriodSeconds: Int64?, _ clock: any TimeSource) {
        wanted.withLock { wanted in
            let asked = gracePeriodSeconds ?? wanted.pod.terminationGracePeriodSeconds
            let grace = min(wanted.deletion ?? asked, asked)
            wanted.deletion = grace
            let first = wanted.pod.metadata.deletionTimestamp.map { $0 - .seconds(wanted.pod.metadata.deletionGracePeriodSeconds ?? 0) }
            wanted.pod.metadata.deletionTimestamp = ((first ?? clock.wallTime) + .seconds(grace)).truncatedToSeconds
            wanted.pod.metadata.deletionGracePeriodSeconds = grace
        }
        interrupt.fire()
        wakeUp.wake()
    }

    func add(sandboxIDs: Set<String>, containerIDs: Set<String>) {
        wanted.withLock { wanted in
            wanted.sandboxIDs.formUnion(sandboxIDs)
            wanted.containerIDs.formUnion(containerIDs)
        }
    }
}

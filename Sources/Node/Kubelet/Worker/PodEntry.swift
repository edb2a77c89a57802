internal import APIMachinery
internal import CRI
internal import KubernetesAPI
import Synchronization

/// A pod as the node agent's parts share it. Its worker alone acts on it; others say what they want and read its status.
final class PodEntry: Sendable {
    /// Who wants the pod.
    enum Source: Sendable {
        /// A manifest of this machine.
        case file
        /// The API server.
        case api
        /// Nobody: it was found in the runtime alone.
        case nobody
    }
    struct Ending: Sendable {
        var verdict: PodStatusBuilder.Verdict
        var gracePeriodSeconds: Int64
    }
    struct Wanted {
        var pod: Pod
        /// Asked to go away, within this time; the shortest of all that were asked for.
        var deletion: Int64?
        /// This node ends it; whoever was first has decided.
        var ending: Ending?
        /// Resources of containers as its owner wishes them, by name; nil: as in `pod`, which has what this node has granted.
        var wishedResources: [String: ResourceRequirements]?
        /// As the worker last built it.
        var status = PodStatus()
        /// As the API server has it: conditions of others, and an end that others have declared.
        var told = PodStatus()
        /// Ids that the runtime has been seen with for this pod.
        var sandboxIDs: Set<String> = []
        var containerIDs: Set<String> = []
        /// Its status has been published by this agent.
        var isShown = false
        /// Takes part in the accounting of host ports and resources.
        var isAdmitted = false
        /// Nothing of it runs, its volumes and cgroup are gone, and its status is the last one.
        var isTornDown = false
        /// The API server's object is gone: nobody is to be told any more.
        var isForgotten = false
    }
    let uid: PodUID
    let source: Source
    let wakeUp = WakeUp()
    /// Fires when what is being started has become pointless.
    let interrupt = Interrupt()
    /// Wakes when the time that the pod has to end may have become shorter.
    let shortened = WakeUp()
    /// The pod has reached Succeeded or Failed, and nothing of it runs.
    let over = OneShot<PodStatus>()
    /// Nothing of it is left.
    let removed = OneShot<Void>()
    let probes = PodProbes()
    let steps = PodSteps()
    /// Pods of the same name that have to be gone first.
    let predecessors: [OneShot<Void>]
    private let wanted: Mutex<Wanted>
    private let keeper = Mutex<VerdictKeeper?>(nil)

    /// - Parameter now: A pod that is being deleted already has what is left of its time.
    init(_ pod: Pod, from source: Source, predecessors: [OneShot<Void>] = [], now: Timestamp) {
        uid = pod.uid
        self.source = source
        self.predecessors = predecessors
        var wanted = Wanted(pod: pod)
        if source == .api {
            wanted.status = pod.status
            wanted.told = pod.status
            wanted.deletion = pod.remainingGracePeriodSeconds(at: now)
        }
        if wanted.deletion != nil { interrupt.fire() }
        steps.add(PodStep(.accepted, begin: now, end: now))
        self.wanted = Mutex(wanted)
    }

    /// The pod as it is wanted, with deletion marked.
    var pod: Pod { wanted.withLock { $0.pod } }
    var status: PodStatus { wanted.withLock { $0.mergedStatus } }
    var deletion: Int64? { wanted.withLock { $0.deletion } }
    /// Whether all that is left of it may go once it has ended: its end is known where it has to be.
    var mayBeRemoved: Bool { source != .api || wanted.withLock { $0.isForgotten } }

    /// It came with its end in its status, as a pod does that ended under an earlier agent, and nothing of it is left.
    var hasEndedBefore: Bool {
        wanted.withLock { wanted in
            let isTerminal = PodPhase(rawValue: wanted.status.phase ?? "")?.isTerminal ?? false
            return source == .api && isTerminal && wanted.sandboxIDs.isEmpty && wanted.containerIDs.isEmpty
        }
    }

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
        let (mustLook, isDeleted) = wanted.withLock { wanted in
            source == .api ? wanted.take(fromAPI: pod) : wanted.take(fromFile: pod)
        }
        if isDeleted {
            interrupt.fire()
            shortened.wake()
        }
        if mustLook { wakeUp.wake() }
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
        shortened.wake()
        wakeUp.wake()
    }

    /// Ends a pod as failed, for a reason of the node's.
    func end(_ verdict: PodStatusBuilder.Verdict, gracePeriodSeconds: Int64) {
        wanted.withLock { wanted in
            if wanted.ending == nil { wanted.ending = Ending(verdict: verdict, gracePeriodSeconds: gracePeriodSeconds) }
        }
        interrupt.fire()
        wakeUp.wake()
    }

    /// When the pod has to have ended, if that is sooner than the given time allows, of which a second is the least.
    func end(shorterThan gracePeriodSeconds: Int64) -> Timestamp? {
        wanted.withLock { wanted in
            guard let deletion = wanted.deletion, max(deletion, 1) < gracePeriodSeconds else { return nil }
            return wanted.pod.metadata.deletionTimestamp
        }
    }

    /// What an earlier agent has granted of the pod's resources: the spec may say otherwise.
    func recall(granted: [String: ResourceRequirements]) {
        wanted.withLock { wanted in
            let wished = wanted.wishedResources ?? wanted.pod.resizableResources
            wanted.pod = wanted.pod.with(resources: granted)
            wanted.wishedResources = wished == wanted.pod.resizableResources ? nil : wished
        }
    }

    /// The API server's object is gone.
    func forget(_ clock: any TimeSource) {
        let grace = wanted.withLock { wanted in
            wanted.isForgotten = true
            return wanted.pod.metadata.deletionGracePeriodSeconds
        }
        delete(gracePeriodSeconds: grace, clock)
    }

    func add(sandboxIDs: Set<String>, containerIDs: Set<String>) {
        wanted.withLock { wanted in
            wanted.sandboxIDs.formUnion(sandboxIDs)
            wanted.containerIDs.formUnion(containerIDs)
        }
    }
}

extension PodEntry.Wanted {
    /// The worker's status, with what others have said to the API server.
    var mergedStatus: PodStatus { PodStatusMerge.known(status, told: told) }

    mutating func grant(_ resources: [String: ResourceRequirements]) {
        pod = pod.with(resources: resources)
        wishedResources = nil
    }

    /// Keeps what a pod was granted, and notes what it wishes instead.
    private mutating func take(_ new: Pod) {
        let (granted, wished) = (pod.resizableResources, new.resizableResources)
        pod = new
        guard isAdmitted else { return }
        pod = new.with(resources: granted)
        wishedResources = wished == pod.resizableResources ? nil : wished
    }

    /// - Returns: Whether the worker has something to see in it, and whether the pod is to go.
    fileprivate mutating func take(fromFile new: Pod) -> (mustLook: Bool, isDeleted: Bool) {
        let metadata = pod.metadata
        take(new)
        pod.metadata.deletionTimestamp = metadata.deletionTimestamp
        pod.metadata.deletionGracePeriodSeconds = metadata.deletionGracePeriodSeconds
        return (true, deletion != nil)
    }

    fileprivate mutating func take(fromAPI new: Pod) -> (mustLook: Bool, isDeleted: Bool) {
        let (before, wishedBefore, statusBefore) = (pod, wishedResources, mergedStatus)
        take(new)
        told = new.status
        pod.status = mergedStatus
        if new.isDeleted {
            let grace = new.metadata.deletionGracePeriodSeconds ?? new.terminationGracePeriodSeconds
            deletion = min(deletion ?? grace, grace)
        }
        let isNews =
            before.spec != pod.spec || wishedBefore != wishedResources
            || before.metadata.withoutBookkeeping != new.metadata.withoutBookkeeping
        return (isNews || statusBefore != pod.status, deletion != nil)
    }
}

extension ObjectMeta {
    /// Without what changes with every write of the status.
    fileprivate var withoutBookkeeping: ObjectMeta {
        var metadata = self
        metadata.resourceVersion = nil
        metadata.managedFields = []
        return metadata
    }
}

extension Pod {
    /// How much of its time to end a deleted pod has left, in whole seconds.
    fileprivate func remainingGracePeriodSeconds(at now: Timestamp) -> Int64? {
        guard let end = metadata.deletionTimestamp else { return nil }
        let whole = metadata.deletionGracePeriodSeconds ?? terminationGracePeriodSeconds
        return max(0, min(whole, (end - now).components.seconds))
    }
}

internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// The one task that acts on a pod. Looks at what is wanted and what is, does what is missing, and sleeps until woken.
struct PodWorker: ~Copyable {
    let entry: PodEntry
    let node: NodeServices
    var lifecycle = PodLifecycle()
    /// Why containers could not be started, by name.
    var failures: [String: StartFailure] = [:]
    var restartBackoff: Backoff
    var pullBackoff = Backoff()
    /// The last failure of each image in pull back-off.
    var pullFailures: [String: StartFailure] = [:]
    /// Termination messages by container id; an ended container's does not change.
    var messages: [String: String] = [:]
    var verdict: PodStatusBuilder.Verdict?
    /// Its cgroup, directories and user namespace are there; its volumes may take longer.
    var hasSurroundings = false
    /// What an earlier agent knew of the probes has been read.
    var hasProbeVerdicts = false
    /// Resources that were changed since the containers' start.
    var resources = ResourceRecord()
    /// What an earlier agent knew of them has been read.
    var hasResourceRecord = false
    /// An earlier agent may have left a change undone.
    var mustCompareResources = false
    var resize = ResizeState.none
    var volumes: [String: HostVolume]?
    /// Of the last try, when it failed.
    var mountFailure: MountFailure?
    /// The set-up of the volumes, with all its tries.
    var mountStep: PodSteps.Token?
    /// What the volumes were made for.
    var preparedFor: Pod?
    var userNamespace: UserNamespace?
    /// What the pod's cgroup could not be given on this machine, a line each.
    var unenforced: [String] = []
    /// The pod has come to its end by itself.
    var isOver = false
    /// When to look again, at the latest.
    var nextLook: Duration = .zero

    init(_ entry: PodEntry, _ node: NodeServices) {
        self.entry = entry
        self.node = node
        restartBackoff = Backoff(cap: node.configuration.maxContainerRestartPeriod)
    }

    mutating func run() async {
        for predecessor in entry.predecessors {
            guard await predecessor.waitUnlessCancelled() != nil else { return }
        }
        if entry.hasEndedBefore {
            node.table.publish(entry.status, of: entry)
            settle()
        }
        while !Task.isCancelled {
            nextLook = node.clock.now + relistPeriod
            switch lifecycle.handle(nextEvent()) {
            case .sync: await sync()
            case .kill(let gracePeriodSeconds): await terminate(gracePeriodSeconds)
            case .remove: await remove()
            case .publishTerminalStatus, .nothing: break
            }
            if lifecycle.state == .removed { return }
            await entry.wakeUp.wait(until: nextLook, node.clock)
        }
    }

    /// There is nothing to end, and nothing to tell.
    mutating func settle() {
        _ = lifecycle.handle(.over(gracePeriodSeconds: 0))
        _ = lifecycle.handle(.containersGone)
        entry.over.set(entry.status)
        entry.with { $0.isTornDown = true }
        node.table.tellObservers(entry)
    }

    private mutating func nextEvent() -> PodLifecycle.Event {
        // What is left of an ended pod is kept until its end is known.
        if lifecycle.state == .terminated, !entry.mayBeRemoved { return .look }
        let ending = entry.with { $0.ending }
        if let ending, verdict == nil { verdict = ending.verdict }
        if let asked = entry.deletion { return .deleted(gracePeriodSeconds: min(asked, ending?.gracePeriodSeconds ?? asked)) }
        if let ending { return .over(gracePeriodSeconds: ending.gracePeriodSeconds) }
        return isOver ? .over(gracePeriodSeconds: entry.pod.terminationGracePeriodSeconds) : .look
    }

    /// A minute, and up to half of one more so that pods do not all look at once.
    private var relistPeriod: Duration { .milliseconds(60_000 + jitter(30_000)) }

    /// 10 to 15 s.
    var errorPeriod: Duration { .milliseconds(10_000 + jitter(5_000)) }

    private func jitter(_ range: UInt64) -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in entry.uid.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return hash % range
    }

    mutating func look(after duration: Duration) { nextLook = min(nextLook, node.clock.now + duration) }
    mutating func look(at time: Timestamp) { nextLook = min(nextLook, node.clock.instant(of: time)) }

    /// Begins a step of the pod's story.
    func note(_ kind: PodStep.Kind, _ container: String = "", attempt: UInt32? = nil, detail: String = "") -> PodSteps.Token {
        entry.steps.add(
            PodStep(kind, container: container, attempt: attempt.map { Int($0) }, begin: node.clock.wallTime, detail: detail))
    }

    /// - Parameter failure: Empty: it went well.
    func close(_ step: PodSteps.Token, failure: String = "", detail: String? = nil) {
        entry.steps.end(step, at: node.clock.wallTime, failure: failure, detail: detail)
    }

    func send(_ kind: PodEvent.Kind, _ reason: String, _ message: String, container: String? = nil) {
        node.events.send(kind, reason, message, entry.pod, container: container)
    }
}

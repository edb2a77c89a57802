internal import APIMachinery
internal import CRI
internal import KubernetesAPI
import Synchronization

/// The probes of one pod: which of them are asked, what they have come to, and what they have seen.
final class PodProbes: Sendable {
    fileprivate struct State {
        var verdicts = ProbeVerdicts()
        var tasks: [ProbeVerdicts.Key: ProbeTask] = [:]
        /// Of containers and kinds; also of instances that have ended, until the next one begins.
        var histories: [String: ProbeTask] = [:]
        /// The pod ends: nobody asks any more whether its containers are well, only whether they take work.
        var isEnding = false
        var isClosed = false
    }
    private let state = Mutex(State())

    var verdicts: ProbeVerdicts { state.withLock { $0.verdicts } }

    /// In the order of containers' and probes' names.
    var histories: [ProbeHistory] { state.withLock { $0.histories.sorted { $0.key < $1.key }.map(\.value.history) } }

    /// What an earlier agent has found out about instances that may still run.
    func remember(_ verdicts: ProbeVerdicts) { state.withLock { $0.verdicts = verdicts } }

    /// Begins the probes of containers that run, and ends those of containers that do not.
    func update(_ runtime: PodRuntimeStatus, _ context: ProbeContext, isEnding: Bool) {
        let pod = context.entry.pod
        let probed = (pod.sidecars + pod.spec.containers).filter { container in
            ProbeKind.allCases.contains { $0.probe(of: container) != nil }
        }
        if probed.isEmpty { return }
        if isEnding { end(keepsReadiness: true) }
        var running: Set<String> = []
        for container in probed {
            guard let latest = runtime.latest(container.name), latest.state == .running else { continue }
            running.insert(latest.id)
            begin(container, latest, context)
        }
        let stopped = state.withLock { state -> [ProbeTask] in
            for id in state.verdicts.containerIDs where !running.contains(id) { state.verdicts.remove(containerID: id) }
            let stopped = state.tasks.filter { !running.contains($0.key.containerID) }
            for key in stopped.keys { state.tasks[key] = nil }
            return Array(stopped.values)
        }
        for task in stopped { task.stop() }
    }

    /// Begins what there is to find out about a running instance now: how its start goes, and after that the rest.
    func begin(_ container: Container, _ instance: RuntimeContainer, _ context: ProbeContext) {
        let tasks = state.withLock { state -> [ProbeTask] in
            if state.isClosed { return [] }
            let kinds: [ProbeKind] = state.verdicts.isStarted(container, id: instance.id) ? [.liveness, .readiness] : [.startup]
            return kinds.compactMap { state.add($0, container, instance, context.entry.pod) }
        }
        for task in tasks { start(task, instance, context) }
        // A verdict from before can tell more: the next kinds begin with it.
        if tasks.contains(where: { $0.kind == .startup && $0.verdict == .success }) { begin(container, instance, context) }
    }

    private func start(_ task: ProbeTask, _ instance: RuntimeContainer, _ context: ProbeContext) {
        guard !task.isOver else { return }
        context.node.background.start {
            await task.run(from: context.firstTick(task, instance), context.node.clock) {
                await context.ask(task)
            } tell: { outcome, verdict in
                context.report(outcome, task)
                if let verdict { self.publish(verdict, task, instance, context) }
            }
        }
    }

    private func publish(_ verdict: ProbeVerdict, _ task: ProbeTask, _ instance: RuntimeContainer, _ context: ProbeContext) {
        let isKnown = state.withLock { state in
            let key = ProbeVerdicts.Key(task.containerID, task.kind)
            guard state.tasks[key] === task else { return false }
            state.verdicts[task.containerID, task.kind] = verdict
            return true
        }
        guard isKnown else { return }
        let now = context.node.clock.wallTime
        context.entry.steps.add(
            PodStep(
                .probe, container: task.container.name, attempt: Int(instance.metadata.attempt), begin: now, end: now,
                failure: verdict == .failure ? "failure" : "", detail: "\(task.kind.rawValue): \(verdict.rawValue)"))
        if task.kind == .startup, verdict == .success { begin(task.container, instance, context) }
        context.entry.wakeUp.wake()
        context.keeper.save { self.verdicts.text }
    }

    /// - Parameter keepsReadiness: Who ends still says when it takes no more work.
    private func end(keepsReadiness: Bool) {
        let stopped = state.withLock { state -> [ProbeTask] in
            state.isEnding = true
            let stopped = state.tasks.filter { !keepsReadiness || $0.key.kind != .readiness }
            for key in stopped.keys { state.tasks[key] = nil }
            return Array(stopped.values)
        }
        for task in stopped { task.stop() }
    }

    /// Nothing is asked any more.
    func close() {
        state.withLock { $0.isClosed = true }
        end(keepsReadiness: false)
    }
}

extension PodProbes.State {
    /// - Returns: nil: the container has no such probe, or it is being asked.
    fileprivate mutating func add(_ kind: ProbeKind, _ container: Container, _ instance: RuntimeContainer, _ pod: Pod) -> ProbeTask? {
        let key = ProbeVerdicts.Key(instance.id, kind)
        guard let probe = kind.probe(of: container), tasks[key] == nil, !(isEnding && kind != .readiness) else { return nil }
        let settings = ProbeSettings(kind, probe, period: ProbePeriods.period(kind, container.name, pod))
        let known = verdicts[instance.id, kind] ?? Self.shown(kind, container, instance, pod)
        let task = ProbeTask(container, containerID: instance.id, settings, verdict: known)
        verdicts[instance.id, kind] = task.verdict
        tasks[key] = task
        histories["\(container.name) \(kind.rawValue)"] = task
        return task
    }

    /// What the pod's status said of this instance before this agent was started, where nothing else is known.
    private static func shown(_ kind: ProbeKind, _ container: Container, _ instance: RuntimeContainer, _ pod: Pod) -> ProbeVerdict? {
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses
        guard let status = statuses.first(where: { $0.name == container.name && $0.containerID == ContainerID.text(instance.id) }) else {
            return nil
        }
        switch kind {
        case .startup: return status.started == true ? .success : nil
        case .readiness: return status.ready ? .success : nil
        case .liveness: return nil
        }
    }
}

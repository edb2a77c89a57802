internal import APIMachinery
internal import CRI
internal import Kubelet
internal import KubernetesAPI
import Synchronization

/// One run of an experiment on real pods.
final class RealRun: Sendable {
    let node: RealNode
    let pods: [Pod]
    let watch: NodeWatch
    let agents: AgentLine
    let faults: RealFaults
    private let steps: [Experiment.Step]
    private let begin: Timestamp
    private let clock = MachineTime()
    /// Steps that wait for their time.
    private let timers = Mutex<[Task<Void, Never>]>([])
    /// What ended the node agent before its time.
    private let early = Mutex<(any Error)?>(nil)

    init(_ experiment: Experiment, _ node: RealNode) throws {
        self.node = node
        steps = experiment.steps
        pods = experiment.pods.map(Self.identified)
        let start = ContinuousClock.now
        begin = clock.wallTime
        let watch = NodeWatch(
            steps, elapsed: { ContinuousClock.now - start }, sleep: { try? await Task.sleep(for: $0) })
        self.watch = watch
        let settings = RealAgentSettings(interception: { await watch.intercept($0, $1) }, node: experiment.node)
        agents = try AgentLine(pods) {
            try node.makeAgent(
                WatchedRuntime(base: node.runtime, watch: watch, notesRequests: true), WatchedImages(base: node.images, watch: watch),
                settings)
        }
        faults = RealFaults(node, pods)
    }

    /// What an API server would have added.
    private static func identified(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.uid = UID.random().description
        pod.metadata.creationTimestamp = .now()
        return pod
    }

    /// Starts the pods, does the steps in their time, and removes all of it, also when the task is cancelled.
    ///
    /// - Parameters:
    ///   - length: So long.
    ///   - isEnough: Asked after each happening whether the run may end earlier.
    func run(for length: Duration, until isEnough: @escaping @Sendable ([Happening]) -> Bool = { _ in false }) async throws -> RunOutcome {
        let runtimeEvents = node.runtime.events()
        watch.onStep { [weak self] step, delay in self?.schedule(step, after: delay) }
        // What is so from the beginning is so before the node agent does anything.
        for (step, time) in StepTriggers.timed(steps) { schedule(step, after: time) }
        let agents = Task { [self] in
            do {
                try await self.agents.run(watch)
                early.withLock { $0 = RunEndedEarly() }
            } catch { early.withLock { $0 = error } }
        }
        let follower = Task { [self] in for await event in runtimeEvents { await tell(event) } }
        await wait(length, isEnough)
        let failure = early.withLock { $0 }
        var outcome = outcome()
        for task in timers.withLock({ $0 }) { task.cancel() }
        outcome.problems += faults.endAll()
        await removePods()
        agents.cancel()
        follower.cancel()
        await node.settle()
        if let failure { throw failure }
        try Task.checkCancellation()
        return outcome
    }

    private func wait(_ length: Duration, _ isEnough: @Sendable ([Happening]) -> Bool) async {
        let end = ContinuousClock.now + length
        while ContinuousClock.now < end, !Task.isCancelled, early.withLock({ $0 == nil }), !isEnough(watch.record.all) {
            try? await Task.sleep(until: min(end, ContinuousClock.now + .milliseconds(20)))
        }
    }

    private func tell(_ event: ContainerEvent) async {
        guard let happening = await Happening(event, node.runtime, at: nil, begin: begin) else { return }
        watch.record.add(happening)
        watch.tell(happening)
    }

    private func outcome() -> RunOutcome {
        let kubelet = agents.kubelet
        let happenings = watch.record.all.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        return RunOutcome(
            happenings: happenings, statuses: kubelet.statusesByName,
            facts: kubelet.facts(of: pods.map { $0.metadata.name ?? "" }, now: clock.wallTime), length: watch.elapsed(),
            problems: watch.record.problems)
    }

    /// Gone from the machine when it returns, whoever was to drive them.
    private func removePods() async {
        let kubelet = agents.kubelet
        for pod in pods { agents.delete(pod.metadata.uid ?? "", graceSeconds: 0) }
        for pod in pods { await kubelet.waitUntilRemoved(pod.metadata.uid ?? "") }
    }

    // MARK: Steps

    private func schedule(_ step: Experiment.Step, after delay: Duration) {
        // At once and in the caller's turn: before what was about to be done.
        if delay == .zero { return perform(step) }
        later(delay) { [self] in perform(step) }
    }

    private func later(_ delay: Duration, _ action: @escaping @Sendable () -> Void) {
        let task = Task { if (try? await Task.sleep(for: delay)) != nil { action() } }
        timers.withLock { $0.append(task) }
    }

    private func perform(_ step: Experiment.Step) {
        watch.note(fault: step.text, step.pod, step.container)
        do { try attempt(step) } catch { watch.record.add(problem: "\(step.text): \(error)") }
    }

    private func attempt(_ step: Experiment.Step) throws {
        switch step.fault {
        case .signal(let number): try faults.send(signal: number, step.pod, step.container)
        case .supervisor: try faults.killSupervisor(step.pod)
        case .delete(let grace): agents.delete(pods.first { $0.metadata.name == step.pod }?.metadata.uid ?? "", graceSeconds: grace)
        case .daemon(let away): agents.leave(for: away)
        case .node(let away):
            agents.leave(for: away)
            for name in agents.names { try faults.killSupervisor(name) }
        case .health, .imageMissing, .execFails:
            watch.begin(step, image: agents.image(of: step.pod, step.container)) { later($0, $1) }
        case .thaw: try faults.end("freeze", step.pod, step.container)
        case .outOfMemory, .kernel:
            guard let fault = step.fault.inKernel else { return }
            try faults.begin(fault, step.pod, step.container)
            guard case .kernel(_, let duration?) = step.fault else { return }
            later(duration) { [self] in
                do { try faults.end(fault.name, step.pod, step.container) } catch {
                    watch.record.add(problem: "end of \(step.text): \(error)")
                }
            }
        case .exit, .fail, .wait: break  // refused before, or done where the agent comes to
        }
    }
}

struct RunEndedEarly: Error, CustomStringConvertible {
    let description = "the node agent ended before the experiment did"
}

internal import CRI
internal import Kubelet
import Synchronization

/// What an experiment sees of a node agent's work, and what it changes about it: shared by simulated and real runs.
final class NodeWatch: Sendable {
    typealias Step = Experiment.Step
    private struct State {
        var triggers: StepTriggers
        /// How probes of a container are answered, whatever it would say.
        var health: [String: HealthPattern.State] = [:]
        var missingImages: Set<String> = []
        var failingExec: Set<String> = []
        var perform: @Sendable (Step, Duration) -> Void = { _, _ in }
    }
    let record = RunRecord()
    /// Since the beginning of the run.
    let elapsed: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async -> Void
    private let state: Mutex<State>

    init(_ steps: [Step], elapsed: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async -> Void) {
        self.elapsed = elapsed
        self.sleep = sleep
        state = Mutex(State(triggers: StepTriggers(steps)))
    }

    /// - Parameter perform: Does a step after a while.
    func onStep(_ perform: @escaping @Sendable (Step, Duration) -> Void) { state.withLock { $0.perform = perform } }

    /// A container was started or has ended, or the pod has changed: what waits for it begins.
    func tell(_ happening: Happening) {
        let (due, perform) = state.withLock { ($0.triggers.happened(happening), $0.perform) }
        for (step, delay) in due { perform(step, delay) }
    }

    func note(fault text: String, _ pod: String, _ container: String) {
        record.add(Happening(at: elapsed(), pod: pod, container: container, attempt: nil, what: .fault(text)))
    }

    // MARK: Points of a pod's life

    /// - Throws: What a step makes of it.
    func reach(_ point: LifecyclePoint, _ pod: String, _ container: String = "") async throws(RuntimeError) {
        let (due, perform) = state.withLock { ($0.triggers.reached(point, pod, container), $0.perform) }
        var failure: String?
        for step in due {
            switch step.fault {
            case .fail(let message):
                note(fault: step.text, pod, container)
                failure = message
            case .wait(let duration):
                note(fault: step.text, pod, container)
                await sleep(duration)
            default: perform(step, .zero)
            }
        }
        if let failure { throw RuntimeError(.failed, failure) }
    }

    // MARK: Disturbances

    /// Begins what lasts for a while.
    ///
    /// - Parameter later: Does something after so long.
    func begin(_ step: Step, image: String, later: (Duration, @escaping @Sendable () -> Void) -> Void) {
        let (pod, container) = (step.pod, step.container)
        switch step.fault {
        case .health(let health, let duration):
            setHealth(health, pod, container)
            later(duration) { [self] in setHealth(nil, pod, container) }
        case .imageMissing(let duration):
            setMissing(true, image: image)
            later(duration) { [self] in setMissing(false, image: image) }
        case .execFails(let duration):
            setExecFails(true, pod, container)
            later(duration) { [self] in setExecFails(false, pod, container) }
        default: break
        }
    }

    private func setHealth(_ health: HealthPattern.State?, _ pod: String, _ container: String) {
        state.withLock { $0.health["\(pod)/\(container)"] = health }
    }
    private func setMissing(_ isMissing: Bool, image: String) {
        state.withLock { state in
            if isMissing { state.missingImages.insert(image) } else { state.missingImages.remove(image) }
        }
    }
    private func setExecFails(_ fails: Bool, _ pod: String, _ container: String) {
        state.withLock { state in
            if fails { state.failingExec.insert("\(pod)/\(container)") } else { state.failingExec.remove("\(pod)/\(container)") }
        }
    }
    func isMissing(image: String) -> Bool { state.withLock { $0.missingImages.contains(image) } }
    func failsExec(_ pod: String, _ container: String) -> Bool { state.withLock { $0.failingExec.contains("\(pod)/\(container)") } }

    /// Counts a probe's attempts, and answers in the program's place when it is to be unwell.
    func intercept(_ probe: InterceptedProbe, _ ask: @Sendable () async -> ProbeOutcome) async -> ProbeOutcome {
        let pod = probe.pod.metadata.name ?? ""
        let (due, perform) = state.withLock { ($0.triggers.probed(pod, probe.container, probe.kind), $0.perform) }
        for step in due { perform(step, .zero) }
        switch state.withLock({ $0.health["\(pod)/\(probe.container)"] }) {
        case nil, .well: return await ask()
        case .sick: return .failure(ProbeWords.unwell(probe.probe))
        case .slow(let delay):
            await sleep(min(delay, probe.timeout))
            return delay > probe.timeout ? .failure(ProbeWords.late(probe.probe, probe.timeout)) : await ask()
        }
    }
}

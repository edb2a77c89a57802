internal import APIMachinery
internal import CRI
internal import KubernetesAPI
import Synchronization

/// One probe of one instance of a container: asks at its ticks until it is stopped or has nothing more to find out.
final class ProbeTask: Sendable {
    struct State {
        var counter: ProbeCounter
        var history: ProbeHistory
        var isStopped = false
    }
    let container: Container
    let containerID: String
    let settings: ProbeSettings
    private let state: Mutex<State>
    private let wakeUp = WakeUp()

    init(_ container: Container, containerID: String, _ settings: ProbeSettings, verdict: ProbeVerdict?) {
        self.container = container
        self.containerID = containerID
        self.settings = settings
        let counter = ProbeCounter(settings, verdict: verdict)
        let history = ProbeHistory(container: container.name, containerID: containerID, settings, verdict: counter.verdict)
        state = Mutex(State(counter: counter, history: history))
    }

    var kind: ProbeKind { settings.kind }
    var verdict: ProbeVerdict { state.withLock { $0.counter.verdict } }
    var history: ProbeHistory { state.withLock { $0.history } }
    var isOver: Bool { state.withLock { $0.counter.isOver || $0.isStopped } }

    /// What an attempt finds out from now on does not count.
    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.wake()
    }

    /// - Parameters:
    ///   - first: When to ask first.
    ///   - attempt: Asks once.
    ///   - tell: Called with each outcome, and the new verdict when it made one.
    func run(
        from first: Duration, _ clock: any TimeSource, attempt: @Sendable () async -> ProbeOutcome,
        tell: @Sendable (ProbeOutcome, ProbeVerdict?) -> Void
    ) async {
        var tick = first
        while true {
            if tick > clock.now { await wakeUp.wait(until: tick, clock) }
            if isOver || Task.isCancelled { return }
            let (begin, time) = (clock.now, clock.wallTime)
            let outcome = await attempt()
            let duration = clock.now - begin
            let (isOver, verdict) = state.withLock { state -> (Bool, ProbeVerdict?) in
                if state.isStopped { return (true, nil) }
                let verdict = state.counter.count(outcome)
                state.history.add(outcome, at: time, duration, verdict: state.counter.verdict)
                return (false, verdict)
            }
            if isOver || Task.isCancelled { return }
            tell(outcome, verdict)
            tick = settings.next(after: tick, now: clock.now)
        }
    }
}

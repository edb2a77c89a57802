internal import APIMachinery
internal import CRI
import Synchronization

/// Tells work in progress that it has become pointless. Fires once.
final class Interrupt: Sendable {
    private struct State {
        var hasFired = false
        var lastNumber = 0
        var actions: [Int: @Sendable () -> Void] = [:]
    }
    private let state = Mutex(State())

    var hasFired: Bool { state.withLock { $0.hasFired } }

    func fire() {
        let actions = state.withLock { state in
            state.hasFired = true
            defer { state.actions = [:] }
            return state.actions.sorted { $0.key < $1.key }.map(\.value)
        }
        for action in actions { action() }
    }

    /// Runs `action` when it fires, or now when it has.
    fileprivate func add(_ action: @escaping @Sendable () -> Void) -> Int? {
        let number = state.withLock { state -> Int? in
            if state.hasFired { return nil }
            state.lastNumber += 1
            state.actions[state.lastNumber] = action
            return state.lastNumber
        }
        if number == nil { action() }
        return number
    }

    fileprivate func remove(_ number: Int?) { if let number { state.withLock { _ = $0.actions.removeValue(forKey: number) } } }
}

/// Runs tasks that may outlive the call that began them. They belong to the node agent, which waits for them when it ends.
struct Background: Sendable {
    typealias Job = @Sendable () async -> Void
    let jobs: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init() { (jobs, continuation) = AsyncStream.makeStream(of: Job.self) }

    func start(_ job: @escaping Job) { continuation.yield(job) }

    /// Runs `work` until it is done, or until `interrupt` fires or the task is cancelled. Then the work is left to itself.
    ///
    /// - Returns: nil: interrupted.
    func run<T: Sendable>(until interrupt: Interrupt, _ work: @escaping @Sendable () async -> T) async -> T? {
        let outcome = OneShot<T?>()
        let number = interrupt.add { outcome.set(nil) }
        defer { interrupt.remove(number) }
        start { outcome.set(await work()) }
        return await withTaskCancellationHandler {
            await outcome.wait()
        } onCancel: {
            outcome.set(nil)
        }
    }

    /// Runs `work` until it is done or the time is over.
    ///
    /// - Returns: nil: out of time; the work is left to itself.
    func run<T: Sendable>(
        within limit: Duration, _ clock: any TimeSource, _ work: @escaping @Sendable () async -> T
    ) async -> T? {
        let timeout = Interrupt()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancelled once the work is done; then nobody listens any more.
                try? await clock.sleep(for: limit)
                timeout.fire()
            }
            let result = await run(until: timeout, work)
            group.cancelAll()
            return result
        }
    }
}

import APIMachinery
import KubernetesClient
import Synchronization

/// Time that stands still until a test moves it.
final class ManualTime: TimeSource {
    private struct State {
        var now: Duration = .zero
        var lastNumber = 0
        var sleepers: [Int: (due: Duration, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    var now: Duration { state.withLock { $0.now } }
    var wallTime: Timestamp { Timestamp(seconds: 1_800_000_000) + now }
    var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    func advance(by step: Duration) {
        let due = state.withLock { state in
            state.now += step
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.sorted { $0.due < $1.due }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until so many tasks sleep.
    func waitForSleepers(_ count: Int) async {
        while sleeperCount < count { await Task.yield() }
    }

    func sleep(until due: Duration) async throws(CancellationError) {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        do {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    enum Next { case sleep, isOver, isCancelled }
                    let next = state.withLock { state -> Next in
                        if state.cancelled.remove(number) != nil { return .isCancelled }
                        if due <= state.now { return .isOver }
                        state.sleepers[number] = (due, continuation)
                        return .sleep
                    }
                    switch next {
                    case .sleep: break
                    case .isOver: continuation.resume()
                    case .isCancelled: continuation.resume(throwing: CancellationError())
                    }
                }
            } onCancel: {
                let sleeper = state.withLock { state in
                    let sleeper = state.sleepers.removeValue(forKey: number)
                    if sleeper == nil { state.cancelled.insert(number) }
                    return sleeper
                }
                sleeper?.continuation.resume(throwing: CancellationError())
            }
        } catch {
            throw CancellationError()
        }
    }
}

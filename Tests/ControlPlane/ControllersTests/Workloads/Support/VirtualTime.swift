import APIMachinery
import Synchronization

/// Time that stands until a test moves it.
final class VirtualTime: TimeSource {
    private struct Sleeper: Sendable {
        var due: Duration
        var continuation: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var now: Duration = .zero
        var reads: Int64 = 0
        var lastID = 0
        var sleepers: [Int: Sleeper] = [:]
    }
    private let state = Mutex(State())
    private let start: Timestamp

    init(start: Timestamp = Timestamp(seconds: 1_800_000_000)) { self.start = start }

    var now: Duration { state.withLock { $0.now } }

    /// Each reading is a nanosecond later than the last: names that are made of the time differ.
    var wallTime: Timestamp {
        state.withLock { state in
            state.reads += 1
            return start + state.now + .nanoseconds(state.reads % 1_000_000)
        }
    }

    /// Lets time pass; all that is due by then wakes up.
    func advance(to time: Duration) {
        let due = state.withLock { state in
            state.now = max(state.now, time)
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    func advance(by duration: Duration) { advance(to: now + duration) }

    func sleep(until due: Duration) async throws(CancellationError) {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let wasWoken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.now < due, !Task.isCancelled else { return false }
                    state.sleepers[id] = Sleeper(due: due, continuation: continuation)
                    return true
                }
                if !mustWait { continuation.resume(returning: true) }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            if let sleeper { sleeper.continuation.resume(returning: false) }
        }
        guard wasWoken, !Task.isCancelled else { throw CancellationError() }
    }
}

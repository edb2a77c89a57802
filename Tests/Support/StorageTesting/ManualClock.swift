internal import Storage
internal import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: StorageClock {
    private struct State {
        // 2026-01-01.
        var now: Int64 = 1_767_225_600_000
        var sleepers: [Int: (due: Int64, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var nextID = 0
    }
    private let state = Mutex(State())

    package init() {}

    package var millisecondsSinceEpoch: Int64 { state.withLock { $0.now } }

    /// When the first sleeper wakes.
    var nextWakeUp: Int64? { state.withLock { $0.sleepers.values.map(\.due).min() } }

    package func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !Task.isCancelled else { return true }
                    state.sleepers[id] = (state.now + duration.millisecondsRoundedUp, continuation)
                    return false
                }
                if isOver { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }

    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration.millisecondsRoundedUp
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for sleeper in due { sleeper.resume() }
    }
}

import APIMachinery
import Synchronization

/// A time that stands until the test moves it; who sleeps wakes when it is reached.
final class SteppedTime: TimeSource {
    private struct State {
        var now: Duration = .zero
        var sleepers: [Int: (due: Duration, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var cancelled: Set<Int> = []
        var count = 0
    }
    private let state = Mutex(State())
    private let begin = Timestamp(seconds: 1_800_000_000, nanoseconds: 0)

    var now: Duration { state.withLock { $0.now } }
    var wallTime: Timestamp { begin + now }

    func advance(_ step: Duration) {
        let due = state.withLock { state in
            state.now += step
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume(returning: true) }
    }

    func sleep(until due: Duration) async throws(CancellationError) {
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        let woke = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return false }
                    if due <= state.now { return true }
                    state.sleepers[id] = (due, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                guard let sleeper = state.sleepers.removeValue(forKey: id) else {
                    state.cancelled.insert(id)
                    return nil as CheckedContinuation<Bool, Never>?
                }
                return sleeper.continuation
            }
            continuation?.resume(returning: false)
        }
        if !woke { throw CancellationError() }
    }
}

/// Moves the time on, a second at a time, until something has come about.
func advancing(_ time: SteppedTime, seconds: Int, until condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<seconds {
        if try await condition() { return true }
        time.advance(.seconds(1))
        // Others act on what has become due; how long that takes is the machine's affair.
        for _ in 0..<20 { await Task.yield() }
        try await Task.sleep(for: .milliseconds(2))
    }
    return try await condition()
}

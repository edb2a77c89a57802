import Synchronization

/// A value that is set once and can be waited for by any number of tasks.
package final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var lastNumber = 0
        var waiting: [Int: CheckedContinuation<Value?, Never>] = [:]
        /// Waits that were cancelled before they began.
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    package init() {}

    package var current: Value? { state.withLock { $0.value } }

    /// Sets the value and resumes all that wait. Later calls change nothing and return false.
    @discardableResult
    package func set(_ value: Value) -> Bool {
        let waiting = state.withLock { state -> [Int: CheckedContinuation<Value?, Never>]? in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiting = [:] }
            return state.waiting
        }
        for (_, continuation) in (waiting ?? [:]).sorted(by: { $0.key < $1.key }) { continuation.resume(returning: value) }
        return waiting != nil
    }

    /// Not ended by cancellation: who sets the value decides.
    package func wait() async -> Value {
        while true {
            if let value = await wait(number: newNumber()) { return value }
        }
    }

    /// - Returns: nil: the task was cancelled first.
    package func waitUnlessCancelled() async -> Value? {
        let number = newNumber()
        return await withTaskCancellationHandler {
            await wait(number: number)
        } onCancel: {
            let continuation = state.withLock { state in
                if state.waiting[number] == nil { state.cancelled.insert(number) }
                return state.waiting.removeValue(forKey: number)
            }
            continuation?.resume(returning: nil)
        }
    }

    private func newNumber() -> Int {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    private func wait(number: Int) async -> Value? {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                let isOver = state.value != nil || state.cancelled.remove(number) != nil
                if !isOver { state.waiting[number] = continuation }
                return isOver
            }
            if isOver { continuation.resume(returning: current) }
        }
    }
}

import Synchronization

/// Lets a number of tasks at a time do something; the others wait in line.
package final class AsyncSemaphore: Sendable {
    /// Resumed with whether it got a slot.
    private typealias Waiter = CheckedContinuation<Bool, Never>
    private struct State {
        var free: Int
        var lastNumber = 0
        var waiting: [(number: Int, waiter: Waiter)] = []
    }
    private let state: Mutex<State>

    package init(_ count: Int) {
        precondition(count > 0, "nobody would ever have a turn")
        state = Mutex(State(free: count))
    }

    /// Runs `body` when it is its turn. A cancelled task has its turn at once, to find that out.
    package func run<Value, Failure: Error>(_ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let hasSlot = await take()
        defer { if hasSlot { give() } }
        return try await body()
    }

    private func take() async -> Bool {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let outcome = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    guard state.free == 0 else {
                        state.free -= 1
                        return true
                    }
                    state.waiting.append((number, waiter))
                    return nil
                }
                if let outcome { waiter.resume(returning: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).waiter }
            }
            waiter?.resume(returning: false)
        }
    }

    private func give() {
        let next = state.withLock { state -> Waiter? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst().waiter
        }
        next?.resume(returning: true)
    }
}

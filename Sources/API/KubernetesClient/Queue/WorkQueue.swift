package import APIMachinery
import Synchronization

/// Keys to work on: each is in it once, and is given to one worker at a time. A key added while it is worked on comes again afterwards.
package final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var schedule: KeySchedule<Key>
        var workers: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>
    private let time: any TimeSource

    package init(time: any TimeSource = MachineTime(), delays: RetryDelays<Key> = .init()) {
        self.time = time
        state = Mutex(State(schedule: KeySchedule(delays: delays)))
    }

    package func add(_ key: Key) {
        wake(state.withLock { $0.schedule.add(key) })
    }

    /// Adds a key later; sooner when that was asked for already.
    package func add(_ key: Key, after delay: Duration) {
        guard delay > .zero else { return add(key) }
        let due = time.now + delay
        // A waiting worker's alarm is set to what was the earliest.
        let isEarliest = state.withLock { $0.schedule.add(key, at: due) }
        if isEarliest { wake(1) }
    }

    /// Adds a key that failed, later each time.
    package func addRateLimited(_ key: Key) {
        let now = time.now
        add(key, after: state.withLock { $0.schedule.delays.next(for: key, at: now) })
    }

    /// It went well: the next failure is the first again.
    package func forget(_ key: Key) { state.withLock { $0.schedule.delays.forget(key) } }

    package func failureCount(_ key: Key) -> Int { state.withLock { $0.schedule.delays.failureCount(key) } }

    package var count: Int { state.withLock { $0.schedule.count } }

    /// Waits for a key; `done` must follow.
    ///
    /// - Returns: nil after `shutDown` or when the task is cancelled.
    package func next() async -> Key? {
        while true {
            let now = time.now
            let (key, isOver, due, count) = state.withLock { state in
                let count = state.schedule.addDue(at: now)
                return (state.schedule.take(), state.schedule.isShutDown, state.schedule.earliestDue, count)
            }
            // This worker takes one of those that have become due.
            wake(count - 1)
            if let key { return key }
            if isOver || Task.isCancelled { return nil }
            await waitForKey(until: due)
        }
    }

    package func done(_ key: Key) {
        wake(state.withLock { $0.schedule.finish(key) })
    }

    /// Keys still waiting are handed out; after them workers get nil.
    package func shutDown() {
        state.withLock { $0.schedule.isShutDown = true }
        wake(.max)
    }

    private func waitForKey(until due: Duration?) async {
        await withTaskGroup(of: Void.self) { group in
            if let due {
                group.addTask { [self] in
                    // Cancelled when the worker was woken by something else.
                    if (try? await time.sleep(until: due)) != nil { wake(.max) }
                }
            }
            await waitForKey(whileEarliestIs: due)
            group.cancelAll()
        }
    }

    private func waitForKey(whileEarliestIs due: Duration?) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.schedule.isEmpty, state.schedule.earliestDue == due, !state.schedule.isShutDown, !Task.isCancelled else {
                        return false
                    }
                    state.workers.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            wake(.max)
        }
    }

    private func wake(_ count: Int) {
        guard count > 0 else { return }
        let workers = state.withLock { state in
            let woken = state.workers.prefix(count)
            state.workers.removeFirst(woken.count)
            return woken
        }
        for worker in workers { worker.resume() }
    }
}

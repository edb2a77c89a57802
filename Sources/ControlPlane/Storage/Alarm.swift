import Synchronization

/// Runs a body at a time; of several times asked for before it runs, the earliest counts.
package final class Alarm: Sendable {
    private struct State {
        var body: (@Sendable () async -> Void)?
        var due: Int64?
        var task: Task<Void, Never>?
        var isCancelled = false
        /// Tells a task that lost the race against an earlier time from the one that counts.
        var generation = 0
    }
    private let clock: any StorageClock
    private let state = Mutex(State())

    private let executor: (any TaskExecutor)?

    /// - Parameter executor: Runs the body; nil: the usual threads do.
    package init(clock: any StorageClock, executor: (any TaskExecutor)? = nil) {
        self.clock = clock
        self.executor = executor
    }

    /// Says what is to be run. When it is still running at the next time, both run.
    package func whenDue(_ body: @escaping @Sendable () async -> Void) { state.withLock { $0.body = body } }

    /// - Parameter due: Milliseconds since 1970; in the past means at once.
    package func set(at due: Int64) {
        state.withLock { state in
            guard !state.isCancelled, due < state.due ?? .max else { return }
            state.task?.cancel()
            state.due = due
            state.generation += 1
            state.task = Task(executorPreference: executor) { [generation = state.generation] in await self.wait(until: due, generation) }
        }
    }

    package func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    private func wait(until due: Int64, _ generation: Int) async {
        let delay = due - clock.millisecondsSinceEpoch
        if delay > 0 { guard (try? await clock.sleep(for: .milliseconds(delay))) != nil else { return } }
        let body = state.withLock { state -> (@Sendable () async -> Void)? in
            guard state.generation == generation, !state.isCancelled else { return nil }
            state.due = nil
            // From here on the body may set the next time without cancelling itself.
            state.task = nil
            return state.body
        }
        await body?()
    }
}

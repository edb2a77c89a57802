import Synchronization

/// The times at which requests are given up, watched by one task for all of them: most requests end long before, and a timer of its own
/// for each would outlive it.
final class RequestDeadlines: Sendable {
    private struct State {
        var lastNumber = 0
        var waiting: [Int: (due: ContinuousClock.Instant, giveUp: @Sendable () -> Void)] = [:]
        /// When the watching task looks next; nil: there is none.
        var nextLook: ContinuousClock.Instant?
        /// Tells a task that lost the race against an earlier look from the one that counts.
        var generation = 0
    }
    private let state = Mutex(State())
    private let clock: any Clock<Duration>
    private let executor: (any TaskExecutor)?

    init(clock: any Clock<Duration>, executor: (any TaskExecutor)?) {
        self.clock = clock
        self.executor = executor
    }

    /// - Returns: What `remove` takes.
    func add(_ limit: Duration, _ giveUp: @escaping @Sendable () -> Void) -> Int {
        let due = ContinuousClock.now + limit
        return state.withLock { state in
            state.lastNumber += 1
            state.waiting[state.lastNumber] = (due, giveUp)
            if state.nextLook.map({ due < $0 }) ?? true { look(at: due, after: limit, &state) }
            return state.lastNumber
        }
    }

    func remove(_ number: Int) { state.withLock { $0.waiting[number] = nil } }

    private func look(at due: ContinuousClock.Instant, after delay: Duration, _ state: inout State) {
        state.nextLook = due
        state.generation += 1
        Task(executorPreference: executor) { [weak self, clock, generation = state.generation] in
            try? await clock.sleep(for: delay)
            self?.look(generation)
        }
    }

    private func look(_ generation: Int) {
        let late = state.withLock { state -> [@Sendable () -> Void] in
            guard state.generation == generation else { return [] }
            // By the time of the look, not by the present: the clock of the sleep may be another.
            let now = state.nextLook ?? .now
            let late = state.waiting.filter { $0.value.due <= now }
            for number in late.keys { state.waiting[number] = nil }
            state.nextLook = nil
            if let next = state.waiting.values.map(\.due).min() { look(at: next, after: next - now, &state) }
            return late.values.map(\.giveUp)
        }
        for giveUp in late { giveUp() }
    }
}

import Synchronization

/// A clock that stands still until somebody moves it: the time of a simulation.
///
/// Time moves from one scheduled action to the next, so hours pass in milliseconds and the same script always gives the
/// same order. Actions due at the same instant run in the order in which they were scheduled.
package final class SimulatedClock: Sendable {
    private struct Entry {
        let due: Duration
        let order: UInt64
        let action: @Sendable () -> Void
    }
    private struct State {
        var now: Duration = .zero
        var order: UInt64 = 0
        var entries: [Entry] = []
        var ended = false
    }
    private let state = Mutex(State())
    /// Wall time at the start: 2026-01-01T00:00:00Z, nanoseconds since the epoch.
    package let epochNanoseconds: Int64 = 1_767_225_600_000_000_000

    package init() {}

    /// Time since the start of the simulation.
    package var elapsed: Duration { state.withLock { $0.now } }

    /// Nanoseconds since the Unix epoch.
    package var wallNanoseconds: Int64 { epochNanoseconds + Self.nanoseconds(elapsed) }

    /// Runs `action` once, when the time has come. The result cancels it.
    @discardableResult
    package func schedule(at due: Duration, _ action: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let order = state.withLock { state -> UInt64 in
            state.order += 1
            let entry = Entry(due: due, order: state.order, action: action)
            state.entries.insert(entry, at: state.entries.insertionIndex { ($0.due, $0.order) > (due, entry.order) })
            return entry.order
        }
        return { [weak self] in self?.cancel(order) }
    }

    /// Moves to the next scheduled action and runs it. False when nothing is scheduled.
    package func advanceToNext() -> Bool {
        let entry = state.withLock { state -> Entry? in
            guard !state.ended, !state.entries.isEmpty else { return nil }
            let entry = state.entries.removeFirst()
            state.now = max(state.now, entry.due)
            return entry
        }
        entry?.action()
        return entry != nil
    }

    /// Returns at `due`, or at once when it has passed.
    package func sleep(until due: Duration) async throws(CancellationError) {
        let wasCancelled = OneShot<Bool>()
        guard due > elapsed else { return try Self.checkCancellation() }
        let cancel = schedule(at: due) { wasCancelled.set(false) }
        let cancelled = await withTaskCancellationHandler {
            await wasCancelled.wait()
        } onCancel: {
            cancel()
            wasCancelled.set(true)
        }
        if cancelled { throw CancellationError() }
    }

    /// Drops everything scheduled; nothing moves any more.
    package func end() {
        state.withLock {
            $0.ended = true
            $0.entries = []
        }
    }

    private func cancel(_ order: UInt64) {
        state.withLock { state in state.entries.removeAll { $0.order == order } }
    }

    private static func checkCancellation() throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
    }

    package static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}

extension Array {
    /// Index of the first element for which `isAfter` holds; the array is partitioned by it.
    fileprivate func insertionIndex(where isAfter: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

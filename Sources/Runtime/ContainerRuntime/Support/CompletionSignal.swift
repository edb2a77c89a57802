internal import Synchronization

/// Something that happens once, and that many may wait for, each with an own time limit. No thread is held meanwhile.
final class CompletionSignal: Sendable {
    private struct State {
        var isDone = false
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
        /// Waiters whose time was over before they had begun to wait.
        var expired: Set<Int> = []
    }
    private let state = Mutex(State())

    var isDone: Bool { state.withLock { $0.isDone } }

    func complete() {
        let waiters = state.withLock { state in
            state.isDone = true
            return state.waiters.extract()
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// - Parameter timeout: nil waits as long as it takes.
    /// - Returns: Whether it has happened; false when the time is over.
    func wait(timeout: Duration? = nil) async -> Bool {
        guard !isDone else { return true }
        if let timeout, timeout <= .zero { return false }
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = timeout.map { timeout in
            Task { [self] in
                try? await Task.sleep(for: timeout)
                if !Task.isCancelled { expire(id) }
            }
        }
        defer { timer?.cancel() }
        return await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.isDone { return true }
                if state.expired.remove(id) != nil { return false }
                state.waiters[id] = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func expire(_ id: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: id)
            if waiter == nil, !state.isDone { state.expired.insert(id) }
            return waiter
        }
        waiter?.resume(returning: false)
    }
}

extension Dictionary {
    /// Takes everything out.
    fileprivate mutating func extract() -> [Value] {
        defer { self = [:] }
        return Array(values)
    }
}

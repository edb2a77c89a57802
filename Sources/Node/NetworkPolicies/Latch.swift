internal import APIMachinery
import Synchronization

/// Holds callers up until it is opened. Once open it stays open.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var last = 0
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    }
    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(returning: true) }
    }

    /// - Returns: False when the time ran out, or the task was cancelled.
    func wait(upTo limit: Duration, _ time: any TimeSource) async -> Bool {
        if state.withLock({ $0.isOpen }) { return true }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.opened() }
            group.addTask {
                try? await time.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private func opened() async -> Bool {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.isOpen || Task.isCancelled { return state.isOpen }
                    state.waiting[number] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
        }
    }
}

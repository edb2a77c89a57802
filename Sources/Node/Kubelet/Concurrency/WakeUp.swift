internal import APIMachinery
internal import CRI
import Synchronization

/// Wakes one waiting task. Wake-ups coalesce and carry nothing; one that comes before the wait ends it at once.
final class WakeUp: Sendable {
    private struct State {
        var isPending = false
        var waiting: OneShot<Void>?
    }
    private let state = Mutex(State())

    func wake() {
        let waiting = state.withLock { state -> OneShot<Void>? in
            state.isPending = state.waiting == nil
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.set(())
    }

    /// Returns when woken, at `due`, or when the task is cancelled.
    func wait(until due: Duration, _ clock: any TimeSource) async {
        let woken = OneShot<Void>()
        let isPending = state.withLock { state in
            defer { state.isPending = false }
            if !state.isPending { state.waiting = woken }
            return state.isPending
        }
        if isPending { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancelled once woken.
                try? await clock.sleep(until: due)
                woken.set(())
            }
            await woken.wait()
            group.cancelAll()
        }
        state.withLock { $0.waiting = nil }
    }
}

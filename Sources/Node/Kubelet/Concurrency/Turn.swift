internal import CRI
import Synchronization

/// Lets one task in at a time; the others wait in line.
final class Turn: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [OneShot<Void>] = []
    }
    private let state = Mutex(State())

    func run<T>(_ body: () async throws -> T) async rethrows -> T {
        let wait = state.withLock { state -> OneShot<Void>? in
            guard state.isTaken else {
                state.isTaken = true
                return nil
            }
            let wait = OneShot<Void>()
            state.waiting.append(wait)
            return wait
        }
        await wait?.wait()
        defer { pass() }
        return try await body()
    }

    private func pass() {
        let next = state.withLock { state -> OneShot<Void>? in
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.set(())
    }
}

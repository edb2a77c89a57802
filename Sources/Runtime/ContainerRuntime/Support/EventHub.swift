internal import CRI
internal import Synchronization

/// Hands runtime events to every listener. One that falls behind gets `resync` instead of what it missed.
final class EventHub: Sendable {
    private struct Listener {
        var continuation: AsyncStream<ContainerEvent>.Continuation
        var hasMissed = false
    }
    private struct State {
        var next = 0
        var listeners: [Int: Listener] = [:]
    }
    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int = 4096) { self.capacity = capacity }

    func subscribe() -> AsyncStream<ContainerEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ContainerEvent.self, bufferingPolicy: .bufferingOldest(capacity))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = Listener(continuation: continuation)
            return state.next
        }
        continuation.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) } }
        return stream
    }

    func send(_ event: ContainerEvent) {
        state.withLock { state in
            for id in state.listeners.keys { Self.send(event, to: &state.listeners[id]) }
        }
    }

    private static func send(_ event: ContainerEvent, to listener: inout Listener?) {
        guard let continuation = listener?.continuation else { return }
        if listener?.hasMissed == true {
            // There may be room again: first of all the listener must learn that it has to look at everything.
            guard case .enqueued = continuation.yield(.resync) else { return }
            listener?.hasMissed = false
        }
        if case .dropped = continuation.yield(event) { listener?.hasMissed = true }
    }
}

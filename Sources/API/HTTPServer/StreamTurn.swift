internal import NIOCore
import Synchronization

/// The streams of one event loop that have something to send, served together: a change with a thousand watchers costs the loop one task and one
/// wake-up.
///
/// After a turn that took long the loop rests from streams for as long again. So requests get at least half of it however many watchers there are,
/// and what is written meanwhile goes out to each of them in one piece.
final class StreamTurn: Sendable {
    /// A turn shorter than this needs no rest.
    private static let shortTurn = TimeAmount.microseconds(1500)

    private struct State {
        var sinks: [StreamSink] = []
        var isScheduled = false
        var restsUntil = NIODeadline.uptimeNanoseconds(0)
    }
    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Called from any thread.
    func add(_ sink: StreamSink) {
        let start = state.withLock { state -> NIODeadline? in
            state.sinks.append(sink)
            guard !state.isScheduled else { return nil }
            state.isScheduled = true
            return state.restsUntil
        }
        guard let start else { return }
        if start <= .now() { eventLoop.execute { self.run() } } else { eventLoop.scheduleTask(deadline: start) { self.run() } }
    }

    private func run() {
        let start = NIODeadline.now()
        let sinks = state.withLock { state in
            state.isScheduled = false
            defer { state.sinks = [] }
            return state.sinks
        }
        for sink in sinks { sink.drain() }
        let end = NIODeadline.now()
        if end - start >= Self.shortTurn { state.withLock { $0.restsUntil = end + (end - start) } }
    }
}

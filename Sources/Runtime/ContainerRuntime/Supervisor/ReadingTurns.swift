internal import Synchronization

/// Who reads a supervisor's socket: the reader's thread, or one caller for as long as it waits for its answer. Never both, so that what
/// the supervisor says is heard in its order.
final class ReadingTurns: Sendable {
    private struct State {
        /// Under which the reader's thread watches the socket; nil before it does.
        var token: UInt64?
        var isCallers = false
    }

    private let state = Mutex(State())

    func isWatched(as token: UInt64) { state.withLock { $0.token = token } }

    /// Begins a caller's turn, once what the reader's thread has in hand is done.
    ///
    /// - Returns: What to call the socket by towards the reader; nil when it is another caller's turn.
    func begin() -> UInt64? {
        state.withLock { state in
            guard !state.isCallers, let token = state.token else { return nil }
            state.isCallers = true
            return token
        }
    }

    /// Ends a caller's turn.
    func end() -> UInt64? {
        state.withLock { state in
            state.isCallers = false
            return state.token
        }
    }

    /// - Returns: What the body does; nil when it is a caller's turn.
    func ofReader<Value>(_ body: () -> Value) -> Value? {
        state.withLock { $0.isCallers ? nil : body() }
    }
}

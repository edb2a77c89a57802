internal import APIMachinery
package import HTTPClient
import Synchronization

/// The body of an answer as it comes: written by the transport, read by one task.
///
/// What is written and not read yet is bounded: the writer of a reader that stays behind is told to stop, and the reader gets an error after
/// what it had received.
package final class ByteStream: Sendable, AsyncSequence, ResponseStream {
    package typealias Element = [UInt8]
    package typealias Failure = TransportError

    private enum End { case complete, failed(TransportError) }
    private struct State {
        var chunks: [[UInt8]] = []
        var byteCount = 0
        var end: End?
        /// The reader has gone.
        var isAbandoned = false
        var reader: CheckedContinuation<Void, Never>?
        var closeActions: [@Sendable () -> Void] = []
        var isClosed: Bool { end != nil || isAbandoned }
    }
    private let state: Mutex<State>
    private let maxBytes: Int

    /// - Parameter maxBytes: How much may wait to be read.
    package init(maxBytes: Int = 64 << 20) {
        self.maxBytes = maxBytes
        state = Mutex(State())
    }

    /// A body that is there already.
    package convenience init(_ chunks: [[UInt8]]) {
        self.init()
        state.withLock {
            $0.chunks = chunks.filter { !$0.isEmpty }
            $0.end = .complete
        }
    }

    // MARK: The writer's side

    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        if bytes.isEmpty { return state.withLock { !$0.isClosed } }
        let accepted = state.withLock { state -> Bool in
            guard !state.isClosed, state.byteCount + bytes.count <= maxBytes else { return false }
            state.chunks.append(bytes)
            state.byteCount += bytes.count
            return true
        }
        if accepted { wakeReader() } else { fail(TransportError("the reader of the answer is more than \(maxBytes) bytes behind")) }
        return accepted
    }

    package func finish() { close(.complete) }
    package func fail(_ error: TransportError) { close(.failed(error)) }

    package func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.closeActions.append(body) }
            return state.isClosed
        }
        if isClosed { body() }
    }

    private func close(_ end: End) {
        runCloseActions { state in
            guard !state.isClosed else { return false }
            state.end = end
            return true
        }
        wakeReader()
    }

    private func runCloseActions(_ change: (inout State) -> Bool) {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard change(&state) else { return [] }
            defer { state.closeActions = [] }
            return state.closeActions
        }
        for action in actions { action() }
    }

    private func wakeReader() {
        state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }?.resume()
    }

    // MARK: The reader's side

    /// Gives the body up; what was not read is dropped, and the writer is told.
    package func cancel() {
        runCloseActions { state in
            defer { state.isAbandoned = true }
            return !state.isClosed
        }
        wakeReader()
    }

    /// Everything that is still to come.
    ///
    /// - Throws: Also when it is more than `limit` bytes.
    package func collect(upTo limit: Int = 512 << 20) async throws(TransportError) -> [UInt8] {
        var all: [UInt8] = []
        while let chunk = try await next() {
            guard all.count + chunk.count <= limit else {
                cancel()
                throw TransportError("the answer has more than \(limit) bytes")
            }
            if all.isEmpty { all = chunk } else { all += chunk }
        }
        return all
    }

    private enum Step { case chunk([UInt8]), end, failed(TransportError), wait }

    private func next() async throws(TransportError) -> [UInt8]? {
        while true {
            // Its only reader is going: nobody will want the rest.
            if Task.isCancelled { cancel() }
            switch step() {
            case .chunk(let bytes): return bytes
            case .end: return nil
            case .failed(let error): throw error
            case .wait: await waitForWriter()
            }
        }
    }

    private func step() -> Step {
        state.withLock { state in
            if state.isAbandoned { return .end }
            if !state.chunks.isEmpty {
                let bytes = state.chunks.removeFirst()
                state.byteCount -= bytes.count
                return .chunk(bytes)
            }
            switch state.end {
            case nil: return .wait
            case .complete: return .end
            case .failed(let error): return .failed(error)
            }
        }
    }

    private func waitForWriter() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.chunks.isEmpty, !state.isClosed, !Task.isCancelled else { return false }
                    precondition(state.reader == nil, "a body has one reader")
                    state.reader = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            wakeReader()
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(reader: Reader(stream: self)) }

    /// Gives the body up when its iterator is gone: a loop that was left before the end.
    fileprivate final class Reader: Sendable {
        let stream: ByteStream
        init(stream: ByteStream) { self.stream = stream }
        deinit { stream.cancel() }
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: Reader
        package mutating func next() async throws(TransportError) -> [UInt8]? { try await reader.stream.next() }
        package mutating func next(isolation actor: isolated (any Actor)?) async throws(TransportError) -> [UInt8]? {
            try await reader.stream.next()
        }
    }
}

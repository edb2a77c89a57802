import Synchronization

/// Bytes of a connection that wait for their reader, with back-pressure: filled where they arrive, read by one task.
package final class ByteInbox: Sendable {
    fileprivate enum End { case complete, failed(any Error) }
    fileprivate typealias Reader = CheckedContinuation<[UInt8]?, any Error>
    fileprivate struct State {
        var arrived: [[UInt8]] = []
        /// What of `arrived` has been read, but not yet moved out.
        var head = 0
        var byteCount = 0
        var end: End?
        var reader: Reader?
        var isHeld = false
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: Reading from the connection stops while so much waits.
    package init(bytesMax: Int = 256 << 10) { self.bytesMax = bytesMax }

    // MARK: the reader's side

    /// The next bytes; nil at the end.
    ///
    /// - Parameter readOn: Called when there is room again after `mayReadOn` has said no.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; what `end` was given, after all that had arrived.
    package func next(readOn: @Sendable () -> Void) async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (outcome, mustReadOn) = state.withLock { $0.next(for: continuation) }
                if mustReadOn { readOn() }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.takeReader() }?.resume(throwing: CancellationError())
        }
    }

    // MARK: the connection's side

    package func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let reader = state.withLock { state -> Reader? in
            if let reader = state.takeReader() { return reader }
            state.arrived.append(bytes)
            state.byteCount += bytes.count
            return nil
        }
        reader?.resume(returning: bytes)
    }

    /// No more will come. The first call counts.
    ///
    /// - Parameter error: nil when everything has come.
    package func end(_ error: (any Error)? = nil) {
        let reader = state.withLock { state -> Reader? in
            guard state.end == nil else { return nil }
            state.end = error.map { .failed($0) } ?? .complete
            return state.takeReader()
        }
        if let error { reader?.resume(throwing: error) } else { reader?.resume(returning: nil) }
    }

    /// How much has arrived and was not read.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Nobody will read what has arrived.
    package func drop() {
        state.withLock {
            $0.arrived = []
            $0.head = 0
            $0.byteCount = 0
        }
    }

    /// Whether more may be read from the connection now; if not, it is asked for when there is room.
    package func mayReadOn() -> Bool {
        state.withLock {
            $0.isHeld = $0.byteCount >= bytesMax
            return !$0.isHeld
        }
    }
}

extension ByteInbox.State {
    fileprivate mutating func takeReader() -> ByteInbox.Reader? {
        defer { reader = nil }
        return reader
    }

    /// What a reader gets at once, nil when it has to wait; and whether reading goes on now that there is room.
    fileprivate mutating func next(for continuation: ByteInbox.Reader) -> (Result<[UInt8]?, any Error>?, mustReadOn: Bool) {
        precondition(reader == nil, "a connection is read by one task at a time")
        if Task.isCancelled { return (.failure(CancellationError()), false) }
        if let bytes = popFirst() {
            let mustReadOn = isHeld && byteCount == 0
            if mustReadOn { isHeld = false }
            return (.success(bytes), mustReadOn)
        }
        switch end {
        case .complete: return (.success(nil), false)
        case .failed(let error): return (.failure(error), false)
        case nil:
            reader = continuation
            return (nil, false)
        }
    }

    private mutating func popFirst() -> [UInt8]? {
        guard head < arrived.count else { return nil }
        let bytes = arrived[head]
        arrived[head] = []
        head += 1
        byteCount -= bytes.count
        if head == arrived.count || head > 64 {
            arrived.removeFirst(head)
            head = 0
        }
        return bytes
    }
}

internal import APIMachinery
internal import NIOCore
import Synchronization

/// A streamed body's queue between whoever writes and the event loop that sends.
///
/// It holds what the client has not taken yet. A client that stays further behind than the limits allow is cut off; one write may exceed them, since
/// it was begun within them.
final class StreamSink: ResponseStream {
    enum Standing { case open, finished, cut }

    fileprivate struct State {
        var queue = Queue()
        var standing = Standing.open
        var isDrainScheduled = false
        var isClosed = false
        var closeHandlers: [@Sendable () -> Void] = []
        var waiter: CheckedContinuation<Bool, Never>?
    }

    /// A writer that waits for room goes on when less than this is queued.
    private static let roomyBytes = 256 << 10

    private let shared: ServerShared
    private let sender: NIOLoopBound<ResponseSender>
    private let turn: StreamTurn
    private let state = Mutex(State())

    init(shared: ServerShared, sender: NIOLoopBound<ResponseSender>, eventLoop: any EventLoop) {
        self.shared = shared
        self.sender = sender
        turn = shared.turn(of: eventLoop)
    }

    // MARK: the writer's side

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return state.withLock { $0.standing == .open && !$0.isClosed } }
        let (isTaken, mustSchedule) = state.withLock { state -> (Bool, Bool) in
            guard state.standing == .open, !state.isClosed else { return (false, false) }
            if isBehind(state.queue) {
                state.standing = .cut
            } else {
                state.queue.append(bytes)
                shared.streamBacklogBytes.add(bytes.count, ordering: .relaxed)
            }
            return (state.standing == .open, state.scheduleDrain())
        }
        if mustSchedule { turn.add(self) }
        return isTaken
    }

    func finish() {
        let mustSchedule = state.withLock { state in
            guard state.standing == .open, !state.isClosed else { return false }
            state.standing = .finished
            return state.scheduleDrain()
        }
        if mustSchedule { turn.add(self) }
    }

    func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock {
            if !$0.isClosed { $0.closeHandlers.append(body) }
            return $0.isClosed
        }
        if isClosed { body() }
    }

    func waitForRoom() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.isClosed || state.standing != .open { return false }
                if state.queue.byteCount < Self.roomyBytes { return true }
                precondition(state.waiter == nil, "a stream has one writer that waits")
                state.waiter = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func isBehind(_ queue: borrowing Queue) -> Bool {
        let limits = shared.configuration.limits
        guard queue.byteCount > 0 else { return false }
        return queue.byteCount >= limits.streamBacklogBytes
            || shared.streamBacklogBytes.load(ordering: .relaxed) >= limits.streamBacklogBytesInAll
    }

    // MARK: the event loop's side

    func drain() {
        state.withLock { $0.isDrainScheduled = false }
        sender.value.sendStreamed(from: self)
    }

    /// The next bytes to send: everything that waits, up to a piece's size.
    func next() -> ByteBuffer? {
        let (piece, waiter) = state.withLock { state -> (ByteBuffer?, CheckedContinuation<Bool, Never>?) in
            guard state.standing != .cut, let piece = state.queue.takePiece() else { return (nil, nil) }
            shared.streamBacklogBytes.subtract(piece.readableBytes, ordering: .relaxed)
            return (piece, state.queue.byteCount < Self.roomyBytes ? state.takeWaiter() : nil)
        }
        waiter?.resume(returning: true)
        return piece
    }

    /// Finished counts only when nothing waits any more.
    var standing: Standing {
        state.withLock { $0.standing == .finished && $0.queue.byteCount > 0 ? .open : $0.standing }
    }

    /// The stream is over: drops what waits and tells the writer.
    func close() {
        let (handlers, waiter) = state.withLock { state -> ([@Sendable () -> Void], CheckedContinuation<Bool, Never>?) in
            guard !state.isClosed else { return ([], nil) }
            state.isClosed = true
            shared.streamBacklogBytes.subtract(state.queue.byteCount, ordering: .relaxed)
            state.queue = Queue()
            defer { state.closeHandlers = [] }
            return (state.closeHandlers, state.takeWaiter())
        }
        waiter?.resume(returning: false)
        for handler in handlers { handler() }
    }
}

extension StreamSink.State {
    fileprivate mutating func takeWaiter() -> CheckedContinuation<Bool, Never>? {
        defer { waiter = nil }
        return waiter
    }

    fileprivate mutating func scheduleDrain() -> Bool {
        guard !isDrainScheduled else { return false }
        isDrainScheduled = true
        return true
    }
}

extension StreamSink {
    /// Written bytes in order, shared with other streams until they are sent.
    fileprivate struct Queue {
        private static let pieceBytes = 64 << 10
        private var writes: CircularBuffer<[UInt8]> = []
        /// How much of the first write has been taken.
        private var offset = 0
        private(set) var byteCount = 0

        mutating func append(_ bytes: [UInt8]) {
            writes.append(bytes)
            byteCount += bytes.count
        }

        mutating func takePiece() -> ByteBuffer? {
            guard byteCount > 0 else { return nil }
            var piece = ByteBufferAllocator().buffer(capacity: min(byteCount, Self.pieceBytes))
            while let first = writes.first, piece.readableBytes < Self.pieceBytes {
                let count = min(first.count - offset, Self.pieceBytes - piece.readableBytes)
                piece.writeBytes(first[offset..<offset + count])
                offset += count
                if offset == first.count {
                    writes.removeFirst()
                    offset = 0
                }
            }
            byteCount -= piece.readableBytes
            return piece
        }
    }
}

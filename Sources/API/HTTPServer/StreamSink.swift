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
    }

    private let shared: ServerShared
    private let sender: NIOLoopBound<ResponseSender>
    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(shared: ServerShared, sender: NIOLoopBound<ResponseSender>, eventLoop: any EventLoop) {
        self.shared = shared
        self.sender = sender
        self.eventLoop = eventLoop
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
        if mustSchedule { eventLoop.execute { self.drain() } }
        return isTaken
    }

    func finish() {
        let mustSchedule = state.withLock { state in
            guard state.standing == .open, !state.isClosed else { return false }
            state.standing = .finished
            return state.scheduleDrain()
        }
        if mustSchedule { eventLoop.execute { self.drain() } }
    }

    func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock {
            if !$0.isClosed { $0.closeHandlers.append(body) }
            return $0.isClosed
        }
        if isClosed { body() }
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
        state.withLock { state in
            guard state.standing != .cut, let piece = state.queue.takePiece() else { return nil }
            shared.streamBacklogBytes.subtract(piece.readableBytes, ordering: .relaxed)
            return piece
        }
    }

    /// Finished counts only when nothing waits any more.
    var standing: Standing {
        state.withLock { $0.standing == .finished && $0.queue.byteCount > 0 ? .open : $0.standing }
    }

    /// The stream is over: drops what waits and tells the writer.
    func close() {
        let handlers = state.withLock { state -> [@Sendable () -> Void] in
            guard !state.isClosed else { return [] }
            state.isClosed = true
            shared.streamBacklogBytes.subtract(state.queue.byteCount, ordering: .relaxed)
            state.queue = Queue()
            defer { state.closeHandlers = [] }
            return state.closeHandlers
        }
        for handler in handlers { handler() }
    }
}

extension StreamSink.State {
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

internal import APIMachinery
internal import NIOCore
import Synchronization

/// A connection after its upgrade: bytes both ways, with back-pressure both ways.
final class UpgradedConnection: RawConnection {
    fileprivate struct State {
        var arrived: CircularBuffer<[UInt8]> = []
        var arrivedByteCount = 0
        var isAtEnd = false
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        var isReadHeld = false
    }

    /// Reading stops while so much waits to be read.
    private static let arrivedBytesMax = 256 << 10

    private let channel: any Channel
    private let state = Mutex(State())

    init(channel: any Channel) { self.channel = channel }

    func write(_ bytes: [UInt8]) async throws {
        // While the transport takes everything at once there is nothing to wait for.
        guard !channel.isWritable || !channel.isActive else { return channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func read() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (outcome, mustRead) = state.withLock { $0.next(for: continuation) }
                if mustRead { channel.read() }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let reader = state.withLock { $0.takeReader() }
            reader?.resume(throwing: CancellationError())
        }
    }

    func close() { channel.close(mode: .all, promise: nil) }

    // MARK: the event loop's side

    fileprivate func arrived(_ bytes: [UInt8]) {
        let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            if let reader = state.takeReader() { return reader }
            state.arrived.append(bytes)
            state.arrivedByteCount += bytes.count
            return nil
        }
        reader?.resume(returning: bytes)
    }

    fileprivate func ended() {
        let reader = state.withLock {
            $0.isAtEnd = true
            return $0.takeReader()
        }
        reader?.resume(returning: nil)
    }

    /// Whether more may be read now; if not, it is asked for when there is room.
    fileprivate func mayRead() -> Bool {
        state.withLock {
            $0.isReadHeld = $0.arrivedByteCount >= Self.arrivedBytesMax
            return !$0.isReadHeld
        }
    }
}

extension UpgradedConnection.State {
    fileprivate mutating func takeReader() -> CheckedContinuation<[UInt8]?, any Error>? {
        defer { reader = nil }
        return reader
    }

    /// What a reader gets at once; nil when it has to wait. And whether reading goes on now that there is room.
    fileprivate mutating func next(
        for continuation: CheckedContinuation<[UInt8]?, any Error>
    ) -> (Result<[UInt8]?, any Error>?, mustRead: Bool) {
        precondition(reader == nil, "a connection is read by one task at a time")
        if Task.isCancelled { return (.failure(CancellationError()), false) }
        if let bytes = arrived.popFirst() {
            arrivedByteCount -= bytes.count
            let mustRead = isReadHeld && arrived.isEmpty
            if mustRead { isReadHeld = false }
            return (.success(bytes), mustRead)
        }
        if isAtEnd { return (.success(nil), false) }
        reader = continuation
        return (nil, false)
    }
}

/// Joins a channel to its `UpgradedConnection`.
final class UpgradedConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let connection: UpgradedConnection

    init(_ connection: UpgradedConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard let array = bytes.readBytes(length: bytes.readableBytes), !array.isEmpty else { return }
        connection.arrived(array)
    }

    func read(context: ChannelHandlerContext) {
        if connection.mayRead() { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.ended()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ServerIsDraining: context.close(promise: nil)
        case ChannelEvent.inputClosed: connection.ended()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

internal import APIMachinery
internal import NIOCore

/// Bytes from a channel as slowly as their reader takes them, and bytes to it.
package final class ChannelConnection: RawConnection {
    private let channel: any Channel
    private let inbox = ByteInbox()

    init(channel: any Channel) { self.channel = channel }

    package func write(_ bytes: [UInt8]) async throws {
        // While the transport takes everything at once there is nothing to wait for.
        guard !channel.isWritable || !channel.isActive else { return channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// - Throws: `CancellationError` when the task is cancelled while it waits; `TransportError` when what was promised did not come.
    package func read() async throws -> [UInt8]? { try await inbox.next { [channel] in channel.read() } }

    package func close() { channel.close(mode: .all, promise: nil) }

    // MARK: the event loop's side

    func arrived(_ bytes: [UInt8]) { inbox.append(bytes) }

    /// - Parameter error: nil when everything has come. What comes first counts.
    func ended(_ error: TransportError? = nil) { inbox.end(error) }

    /// Whether more may be read now; if not, it is asked for when there is room.
    func mayRead() -> Bool { inbox.mayReadOn() }
}

/// Joins a channel that carries plain bytes to its connection.
final class RawBytesHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let connection: ChannelConnection

    init(_ connection: ChannelConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { connection.arrived(Array(unwrapInboundIn(data).readableBytesView)) }

    func read(context: ChannelHandlerContext) {
        if connection.mayRead() { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.ended()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { connection.ended() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

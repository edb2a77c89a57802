internal import APIMachinery
internal import NIOCore

/// A connection after its upgrade: bytes both ways, with back-pressure both ways.
final class UpgradedConnection: RawConnection {
    private let channel: any Channel
    fileprivate let inbox = ByteInbox()

    init(channel: any Channel) { self.channel = channel }

    func write(_ bytes: [UInt8]) async throws {
        // While the transport takes everything at once there is nothing to wait for.
        guard !channel.isWritable || !channel.isActive else { return channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func read() async throws -> [UInt8]? { try await inbox.next { [channel] in channel.read() } }

    func close() { channel.close(mode: .all, promise: nil) }
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
        connection.inbox.append(array)
    }

    func read(context: ChannelHandlerContext) {
        if connection.inbox.mayReadOn() { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.inbox.end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ServerIsDraining: context.close(promise: nil)
        case ChannelEvent.inputClosed: connection.inbox.end()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOSSL
internal import NIOTLS

/// Stands behind TLS until the handshake is done, then puts the negotiated protocol's handlers in its own place.
final class ConnectionSetup: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let shared: ServerShared
    private let deadline: LazyDeadline

    /// Called on the channel's event loop, before anything is read.
    static func install(on channel: any Channel, shared: ServerShared) throws {
        guard shared.connections.add(channel) else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in shared.connections.remove(channel) }
        guard let context = shared.tlsContext else { return try HTTP1Connection.install(on: channel, shared: shared) }
        try channel.pipeline.syncOperations.addHandlers(
            NIOSSLServerHandler(context: context), ConnectionSetup(shared: shared, channel: channel))
    }

    private init(shared: ServerShared, channel: any Channel) {
        self.shared = shared
        deadline = LazyDeadline(eventLoop: channel.eventLoop, grain: shared.configuration.timeouts.grain)
        deadline.onMiss { channel.close(mode: .all, promise: nil) }
        deadline.set(after: TimeAmount(shared.configuration.timeouts.handshake))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let negotiated): configure(negotiated, context)
        case is ServerIsDraining: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func configure(_ negotiated: String?, _ context: ChannelHandlerContext) {
        deadline.invalidate()
        do {
            if negotiated == "h2" {
                try HTTP2Connection.install(on: context.channel, shared: shared)
            } else {
                try HTTP1Connection.install(on: context.channel, shared: shared)
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// A failed handshake: the client has been told by an alert.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        deadline.invalidate()
        context.fireChannelInactive()
    }
}

extension Peer {
    /// - Parameter channel: A connection whose handshake, if there is one, is done.
    init(of channel: any Channel) {
        let remote = channel.remoteAddress
        let handler = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        let host = remote?.ipAddress ?? ""
        let port = remote?.port.map { ":\($0)" } ?? ""
        self.init(
            address: host.contains(":") ? "[\(host)]\(port)" : host + port,
            certificate: try? handler?.peerCertificate?.toDERBytes(),
            isLoopback: remote == nil || host.hasPrefix("127.") || host == "::1" || host.isEmpty)
    }
}

internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Stands behind an HTTP/2 connection's frames: closes it when it has been idle, and in good order when the server goes down.
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let shared: ServerShared
    private let idle: LazyDeadline
    private var streams: [HTTP2StreamID: any Channel] = [:]
    private var context: ChannelHandlerContext?
    private var isDraining = false

    /// Called on the channel's event loop.
    static func install(on channel: any Channel, shared: ServerShared) throws {
        let peer = Peer(of: channel)
        let connection = HTTP2Connection(shared: shared, eventLoop: channel.eventLoop)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        let pipeline = channel.pipeline.syncOperations
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connectionConfiguration(shared.configuration.limits),
            streamConfiguration: streamConfiguration, streamDelegate: HTTP2StreamLedger(connection: bound)
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(HTTP2Stream(shared: shared, channel: stream, peer: peer))
            }
        }
        try pipeline.addHandler(connection)
    }

    private static func connectionConfiguration(
        _ limits: HTTPServerConfiguration.Limits
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamsPerConnection),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytes + limits.urlBytes),
            HTTP2Setting(parameter: .initialWindowSize, value: 256 << 10),
        ]
        configuration.targetWindowSize = 1 << 20
        // Go's client sends a PING with most cancellations, and cancels every watch it ends: 200 in 30 s is an ordinary day.
        configuration.controlFrameRateLimit.maximumCount = 20_000
        configuration.maximumConnectionGlitches = 10_000
        return configuration
    }

    private static var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = 256 << 10
        configuration.outboundBufferSizeHighWatermark = 256 << 10
        configuration.outboundBufferSizeLowWatermark = 64 << 10
        configuration.streamResetFrameRateLimit.maximumCount = 20_000
        configuration.streamErrorRateLimit.maximumCount = 2_000
        return configuration
    }

    private init(shared: ServerShared, eventLoop: any EventLoop) {
        self.shared = shared
        idle = LazyDeadline(eventLoop: eventLoop, grain: shared.configuration.timeouts.grain)
        idle.onMiss { [unowned self] in goAway() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        idle.set(after: TimeAmount(shared.configuration.timeouts.idle))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idle.invalidate()
        self.context = nil
    }

    fileprivate func opened(_ id: HTTP2StreamID, _ channel: any Channel) {
        streams[id] = channel
        idle.clear()
        if isDraining { channel.pipeline.fireUserInboundEventTriggered(ServerIsDraining()) }
    }

    fileprivate func closed(_ id: HTTP2StreamID) {
        streams[id] = nil
        guard streams.isEmpty else { return }
        if isDraining { close() } else { idle.set(after: TimeAmount(shared.configuration.timeouts.idle)) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerIsDraining { goAway() }
        context.fireUserInboundEventTriggered(event)
    }

    /// Asks the client to open no more streams, and closes when there are none (RFC 9113, 6.8).
    private func goAway() {
        guard !isDraining, let context else { return }
        isDraining = true
        let frame = HTTP2Frame(
            streamID: .rootStream, payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        if streams.isEmpty { return close() }
        for stream in streams.values { stream.pipeline.fireUserInboundEventTriggered(ServerIsDraining()) }
    }

    private func close() { context?.close(promise: nil) }

    /// Of a broken protocol the client has been told by GOAWAY; a stream's error is the stream's own.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }
}

/// Tells a connection of its streams, on its event loop.
private final class HTTP2StreamLedger: NIOHTTP2StreamDelegate {
    private let connection: NIOLoopBound<HTTP2Connection>

    init(connection: NIOLoopBound<HTTP2Connection>) { self.connection = connection }

    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { connection.value.opened(id, channel) }
    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) { connection.value.closed(id) }
}

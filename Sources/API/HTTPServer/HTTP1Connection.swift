internal import APIMachinery
internal import NIOCore
internal import NIOHTTP1

/// Serves one HTTP/1.1 connection: a request at a time, answers in the order of the requests.
///
/// idle ──head──▶ receiving ──end──▶ answering ──response complete──▶ idle. A refused request leads to discarding, from where the connection
/// only closes; an upgrade ends this handler's part. While an answer is under way little more is read: just so that a client that says goodbye
/// is heard, which in TLS is a message among others (RFC 8446, 6.1).
final class HTTP1Connection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        case receiving(PartialRequest)
        case answering
        case discarding
        case over
    }

    private let shared: ServerShared
    private let channel: any Channel
    private let peer: Peer
    private let stall: LazyDeadline
    private let arrival: LazyDeadline
    private var context: ChannelHandlerContext?
    private var state = State.idle

    /// The request that is being received or answered.
    private var staysOpen = true
    private var isHTTP10 = false
    private var hasBegunToArrive = false
    private var sender: ResponseSender?
    private var isCalling = false
    /// What arrived behind a request that is being answered.
    private var queue: CircularBuffer<HTTPServerRequestPart> = []
    private var isTakingQueue = false
    private var isReadHeld = false
    /// How much has arrived while the answer is under way.
    private var aheadBytes = 0
    private static let aheadBytesMax = 4 << 10

    /// The response that is being written.
    private var isChunked = false
    private var outgoing: ByteBuffer?

    /// Called on the channel's event loop.
    static func install(on channel: any Channel, shared: ServerShared) throws {
        let limits = shared.configuration.limits
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderListSize = limits.headerBytes + limits.urlBytes
        decoderLimits.maxHeaderFieldSize = max(limits.headerBytes, limits.urlBytes + 1)
        decoderLimits.maxHeaderFieldCount = limits.headerCount
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoderLimits))
        let connection = HTTP1Connection(shared: shared, channel: channel)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP1ReadWatch(connection))
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(connection)
    }

    private init(shared: ServerShared, channel: any Channel) {
        self.shared = shared
        self.channel = channel
        peer = Peer(of: channel)
        let grain = shared.configuration.timeouts.grain
        stall = LazyDeadline(eventLoop: channel.eventLoop, grain: grain)
        arrival = LazyDeadline(eventLoop: channel.eventLoop, grain: grain)
        stall.onMiss { [unowned self] in abort() }
        arrival.onMiss { [unowned self] in arrivalMissed() }
    }

    // MARK: the connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        arrival.set(after: TimeAmount(shared.configuration.timeouts.idle))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    /// Nothing more can be sent or received: the handler may stop.
    private func end() {
        if case .receiving(let partial) = state { partial.release() }
        state = .over
        arrival.invalidate()
        stall.invalidate()
        queue = []
        sender?.close()
        sender = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ServerIsDraining else { return context.fireUserInboundEventTriggered(event) }
        staysOpen = false
        switch state {
        case .idle where !hasBegunToArrive: context.close(promise: nil)
        case .answering: sender?.drain()
        case .idle, .receiving, .discarding, .over: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, state) {
        case (HTTPParserError.headerOverflow, .idle), (HTTPParserError.headerOverflow, .receiving):
            refuse(.headerTooLarge)
        case (is HTTPParserError, .idle), (is HTTPParserError, .receiving): refuse(.malformed)
        // What is wrong came behind the request that is being answered.
        case (is HTTPParserError, .answering): staysOpen = false
        default: context.close(promise: nil)
        }
    }

    private func arrivalMissed() {
        switch state {
        case .idle where !hasBegunToArrive, .discarding: context?.close(promise: nil)
        case .idle, .receiving: refuse(.timedOut)
        case .answering, .over: break
        }
    }

    // MARK: receiving

    /// Bytes came in, before anything is known of them.
    func bytesArrived(_ count: Int) {
        if case .answering = state { aheadBytes += count }
        guard !hasBegunToArrive, case .idle = state else { return }
        hasBegunToArrive = true
        arrival.set(after: TimeAmount(shared.configuration.timeouts.header))
    }

    func read(context: ChannelHandlerContext) {
        if case .answering = state, aheadBytes >= Self.aheadBytesMax { isReadHeld = true } else { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch state {
        case .answering: queue.append(part)
        case .idle, .receiving: take(part)
        case .discarding: if case .end = part { context.close(promise: nil) }
        case .over: break
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): begin(head)
        case .body(let bytes): append(bytes)
        case .end: complete()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        isHTTP10 = head.version == .http1_0
        staysOpen = staysOpen && head.isKeepAlive
        let headers = APIMachinery.HTTPHeaders(head.headers)
        let traits = RequestTraits(
            isHead: head.method == .HEAD, asksForUpgrade: headers.listContains("upgrade", in: "Connection"),
            acceptsGzip: headers.acceptsGzip)
        // The decoder has stopped behind a request that asks for an upgrade, since what follows need not be HTTP.
        if traits.asksForUpgrade { staysOpen = false }
        do throws(RefusalError) {
            let partial = try PartialRequest(
                method: head.method.rawValue, target: head.uri, headers: headers, traits: traits,
                contentLength: headers["Content-Length"].flatMap { Int($0) }, shared: shared)
            state = .receiving(partial)
        } catch {
            return refuse(error.refusal)
        }
        arrival.set(after: TimeAmount(shared.configuration.timeouts.body))
        if headers.listContains("100-continue", in: "Expect") {
            context?.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
        }
    }

    private func append(_ bytes: ByteBuffer) {
        guard case .receiving(var partial) = state else { return }
        state = .discarding  // gives up this copy of the body, so that it is appended to in place
        do throws(RefusalError) {
            try partial.append(bytes)
            state = .receiving(partial)
        } catch {
            partial.release()
            refuse(error.refusal)
        }
    }

    private func complete() {
        guard case .receiving(let partial) = state else { return }
        partial.release()
        state = .answering
        aheadBytes = 0
        arrival.clear()
        let sender = ResponseSender(shared: shared, channel: self, request: partial.traits, stall: stall)
        self.sender = sender
        isCalling = true
        sender.answer(partial.request, from: peer)
        isCalling = false
        if self.sender !== sender { goOn() }
    }

    /// The answer is complete: takes what has arrived meanwhile, then reads on.
    private func goOn() {
        guard !isCalling, !isTakingQueue else { return }
        isTakingQueue = true
        while isReceptive, let part = queue.popFirst() {
            hasBegunToArrive = true
            take(part)
        }
        isTakingQueue = false
        if isReadHeld, isReceptive {
            isReadHeld = false
            context?.read()
        }
    }

    private var isReceptive: Bool {
        switch state {
        case .idle, .receiving: true
        case .answering, .discarding, .over: false
        }
    }

    /// Answers in the handler's place and closes: at once for writing, so that the client sees the end; for reading once the client has closed or
    /// has had its time, since unread bytes make the kernel send a reset, which could destroy the answer.
    private func refuse(_ refusal: Refusal) {
        if case .receiving(let partial) = state { partial.release() }
        state = .discarding
        staysOpen = false
        send(refusal)
        flush()
        context?.close(mode: .output, promise: nil)
        arrival.set(after: .seconds(1))
    }
}

extension HTTP1Connection: ResponseChannel {
    var eventLoop: any EventLoop { channel.eventLoop }
    var isWritable: Bool { channel.isWritable }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { sender?.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func sendHead(_ head: ResponseHead) {
        if case .stream = head.length {
            isChunked = !isHTTP10
            if isHTTP10 { staysOpen = false }
        } else {
            isChunked = false
        }
        var buffer = channel.allocator.buffer(capacity: 512)
        buffer.writeHTTP1(head, isChunked: isChunked, staysOpen: staysOpen, isHTTP10: isHTTP10, date: shared.date.now)
        outgoing = buffer
    }

    /// Small pieces join what is to be sent already: one write, one TLS record.
    func sendBody(_ bytes: ByteBuffer) {
        var bytes = bytes
        var buffer = outgoing ?? channel.allocator.buffer(capacity: isChunked ? bytes.readableBytes + 16 : 0)
        outgoing = nil
        if isChunked { buffer.writeString(String(bytes.readableBytes, radix: 16) + "\r\n") }
        if bytes.readableBytes <= 16 << 10 {
            buffer.writeBuffer(&bytes)
        } else {
            if buffer.readableBytes > 0 { context?.write(wrapOutboundOut(buffer), promise: nil) }
            context?.write(wrapOutboundOut(bytes), promise: nil)
            buffer = channel.allocator.buffer(capacity: isChunked ? 2 : 0)
        }
        if isChunked { buffer.writeString("\r\n") }
        outgoing = buffer.readableBytes > 0 ? buffer : nil
    }

    func flush() {
        guard let buffer = outgoing else { context?.flush(); return }
        outgoing = nil
        context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func finish() {
        sender = nil
        if isChunked {
            var buffer = outgoing ?? channel.allocator.buffer(capacity: 8)
            buffer.writeString("0\r\n\r\n")
            outgoing = buffer
        }
        isChunked = false
        guard staysOpen else { return closeWhenSent() }
        state = .idle
        hasBegunToArrive = false
        arrival.set(after: TimeAmount(shared.configuration.timeouts.idle))
        flush()
        goOn()
    }

    private func closeWhenSent() {
        state = .discarding
        arrival.set(after: TimeAmount(shared.configuration.timeouts.stalledWrite))
        let last = outgoing ?? ByteBuffer()
        outgoing = nil
        guard let context else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(last), promise: sent)
    }

    func abort() { context?.close(promise: nil) }

    func upgrade(_ head: ResponseHead) -> (any RawConnection)? {
        guard let context else { return nil }
        var buffer = channel.allocator.buffer(capacity: 256)
        buffer.writeHTTP1(head, isChunked: false, staysOpen: true, isHTTP10: false, date: shared.date.now)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        let connection = UpgradedConnection(channel: channel)
        do {
            let pipeline = context.pipeline.syncOperations
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let watch = try pipeline.context(handlerType: HTTP1ReadWatch.self)
            try pipeline.addHandler(UpgradedConnectionHandler(connection))
            sender = nil
            let held = isReadHeld
            pipeline.removeHandler(context: watch, promise: nil)
            pipeline.removeHandler(context: context, promise: nil)
            // Bytes that it has read already go to the handler behind it.
            pipeline.removeHandler(context: decoder, promise: nil)
            if held { channel.read() }
            return connection
        } catch {
            context.close(promise: nil)
            return nil
        }
    }
}

/// Stands before the decoder, which says nothing until a whole header is there.
final class HTTP1ReadWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    private unowned let connection: HTTP1Connection

    init(_ connection: HTTP1Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.bytesArrived(unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }
}

internal import APIMachinery
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Serves one HTTP/2 stream: one request, one response.
final class HTTP2Stream: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum State {
        case waiting
        case receiving(PartialRequest)
        case answering
        /// The response is complete, or the stream is gone.
        case over
    }

    private let shared: ServerShared
    private let channel: any Channel
    private let peer: Peer
    private let stall: LazyDeadline
    private var context: ChannelHandlerContext?
    private var state = State.waiting
    private var hasWholeRequest = false
    private var sender: ResponseSender?
    private var pendingHead: (payload: HTTP2Frame.FramePayload.Headers, length: ResponseHead.Length)?
    private var pendingBody: ByteBuffer?

    init(shared: ServerShared, channel: any Channel, peer: Peer) {
        self.shared = shared
        self.channel = channel
        self.peer = peer
        stall = LazyDeadline(eventLoop: channel.eventLoop, grain: shared.configuration.timeouts.grain)
        stall.onMiss { [unowned self] in missed() }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        close()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        close()
        context.fireChannelInactive()
    }

    private func close() {
        if case .receiving(let partial) = state { partial.release() }
        state = .over
        stall.invalidate()
        sender?.close()
        sender = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerIsDraining { sender?.drain() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.headers(let headers), .waiting): begin(headers)
        // Trailers: their fields mean nothing here.
        case (.headers(let headers), .receiving): if headers.endStream { complete() }
        case (.data(let data), .receiving): append(data)
        default: break
        }
    }

    private func begin(_ frame: HTTP2Frame.FramePayload.Headers) {
        var headers = APIMachinery.HTTPHeaders()
        var method = ""
        var target = ""
        for (name, value, _) in frame.headers {
            switch name {
            case ":method": method = value
            case ":path": target = value
            case ":authority": headers.append("Host", value)
            case ":scheme": break
            default: headers.append(name, value)
            }
        }
        let traits = RequestTraits(isHead: method == "HEAD", asksForUpgrade: false, acceptsGzip: headers.acceptsGzip)
        hasWholeRequest = frame.endStream
        guard headers.fields.count <= shared.configuration.limits.headerCount else { return refuse(.headerTooLarge) }
        do throws(RefusalError) {
            state = .receiving(
                try PartialRequest(
                    method: method, target: target, headers: headers, traits: traits,
                    contentLength: headers["content-length"].flatMap { Int($0) }, shared: shared))
        } catch {
            return refuse(error.refusal)
        }
        if frame.endStream { return complete() }
        stall.set(after: TimeAmount(shared.configuration.timeouts.body))
        if headers.listContains("100-continue", in: "Expect") {
            context?.writeAndFlush(wrapOutboundOut(.headers(.init(headers: [":status": "100"]))), promise: nil)
        }
    }

    private func append(_ frame: HTTP2Frame.FramePayload.Data) {
        guard case .receiving(var partial) = state, case .byteBuffer(let bytes) = frame.data else { return }
        state = .waiting  // gives up this copy of the body, so that it is appended to in place
        do throws(RefusalError) {
            try partial.append(bytes)
            state = .receiving(partial)
        } catch {
            partial.release()
            return refuse(error.refusal)
        }
        if frame.endStream { complete() }
    }

    private func complete() {
        guard case .receiving(let partial) = state else { return }
        hasWholeRequest = true
        partial.release()
        state = .answering
        stall.clear()
        let sender = ResponseSender(shared: shared, channel: self, request: partial.traits, stall: stall)
        self.sender = sender
        sender.answer(partial.request, from: peer)
    }

    private func refuse(_ refusal: Refusal) {
        state = .answering
        send(refusal)
        finish()
    }

    /// The request has not come, or the response is not being taken.
    private func missed() {
        if case .receiving(let partial) = state {
            partial.release()
            refuse(.timedOut)
        } else {
            abort()
        }
    }
}

extension HTTP2Stream: ResponseChannel {
    var eventLoop: any EventLoop { channel.eventLoop }
    var isWritable: Bool { channel.isWritable }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { sender?.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func sendHead(_ head: ResponseHead) {
        var fields = HPACKHeaders()
        fields.reserveCapacity(head.headers.fields.count + 3)
        fields.add(name: ":status", value: "\(head.status)")
        for field in head.headers.fields where !field.isTransports {
            fields.add(name: field.name.lowercased(), value: field.value.withoutLineBreaks)
        }
        fields.add(name: "date", value: shared.date.now)
        if case .bytes(let count) = head.length { fields.add(name: "content-length", value: "\(count)") }
        pendingHead = (HTTP2Frame.FramePayload.Headers(headers: fields), head.length)
    }

    /// Held until it is known whether it is the last: the end of the stream is a flag of the last frame.
    func sendBody(_ bytes: ByteBuffer) {
        writePending()
        pendingBody = bytes
    }

    func flush() {
        writePending()
        context?.flush()
    }

    func finish() {
        guard case .answering = state, let context else { return }
        state = .over
        sender = nil
        if let body = pendingBody {
            pendingBody = nil
            context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: nil)
        } else if var head = pendingHead?.payload {
            pendingHead = nil
            head.endStream = true
            context.write(wrapOutboundOut(.headers(head)), promise: nil)
        } else {
            context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))), promise: nil)
        }
        // The answer to a request that is still being sent: the rest of it is not wanted (RFC 9113, 8.1).
        if !hasWholeRequest { context.write(wrapOutboundOut(.rstStream(.noError)), promise: nil) }
        context.flush()
    }

    private func writePending() {
        if let head = pendingHead?.payload {
            pendingHead = nil
            context?.write(wrapOutboundOut(.headers(head)), promise: nil)
        }
        if let body = pendingBody {
            pendingBody = nil
            context?.write(wrapOutboundOut(.data(.init(data: .byteBuffer(body)))), promise: nil)
        }
    }

    func abort() {
        context?.writeAndFlush(wrapOutboundOut(.rstStream(.internalError)), promise: nil)
        context?.close(promise: nil)
    }

    func upgrade(_ head: ResponseHead) -> (any RawConnection)? { nil }
}

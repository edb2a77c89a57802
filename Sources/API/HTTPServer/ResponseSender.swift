internal import APIMachinery
internal import NIOCore

/// Answers one request: calls the handler and sends its response. It keeps what the client does not take yet, and gives up on a client that takes nothing. Confined to its event loop.
final class ResponseSender {
    private enum State {
        case waiting
        case sending(PartsCursor)
        case streaming(StreamSink)
        case over
    }

    private let shared: ServerShared
    private unowned let channel: any ResponseChannel
    /// HEAD: everything but the body.
    private let isHeadOnly: Bool
    private let request: RequestTraits
    private let stall: LazyDeadline
    private var state = State.waiting
    private var call: HandlerCall?

    init(shared: ServerShared, channel: any ResponseChannel, request: RequestTraits, stall: LazyDeadline) {
        self.shared = shared
        self.channel = channel
        self.request = request
        self.stall = stall
        isHeadOnly = request.isHead
    }

    /// Calls the handler. The response may be complete when this returns.
    func answer(_ request: APIRequest, from peer: Peer) {
        let call = HandlerCall(request, from: peer, traits: self.request, shared: shared, on: channel.eventLoop) { [self] in send($0) }
        if case .waiting = state { self.call = call }
    }

    private func send(_ response: APIResponse) {
        guard case .waiting = state else { return }
        call = nil
        switch response.body {
        case .bytes(let bytes): sendParts([bytes], of: response)
        case .parts(let parts): sendParts(parts, of: response)
        case .stream(let body): startStream(body, of: response)
        case .upgrade(let body): upgrade(body, of: response)
        }
    }

    /// The client has taken some of what was sent.
    func becameWritable() {
        switch state {
        case .sending: sendMore()
        case .streaming(let sink): sink.drain()
        case .waiting, .over: break
        }
    }

    /// The client is gone, or the server is done with it: the handler may stop.
    func close() {
        call?.cancel()
        call = nil
        let old = state
        state = .over
        stall.clear()
        if case .streaming(let sink) = old { sink.close() }
    }

    /// Ends a stream in good order when the server goes down. Anything else ends by itself.
    func drain() {
        if case .streaming(let sink) = state { sink.finish() }
    }

    var isOver: Bool { if case .over = state { true } else { false } }

    // MARK: whole bodies

    private func sendParts(_ parts: [[UInt8]], of response: APIResponse) {
        let count = parts.reduce(0) { $0 + $1.count }
        var head = ResponseHead(status: response.status, headers: response.headers, length: .bytes(count))
        if response.status == 204 || response.status == 304 || response.status < 200 { head.length = .noBody }
        channel.sendHead(head)
        if isHeadOnly || count == 0 { return end() }
        state = .sending(PartsCursor(parts: parts))
        sendMore()
    }

    /// Sends pieces while the client takes them. Flushing may call back into this: each turn begins with what is left then.
    private func sendMore() {
        while case .sending(var cursor) = state {
            guard let piece = cursor.next() else { return end() }
            state = .sending(cursor)
            channel.sendBody(piece)
            if cursor.isAtEnd { return end() }
            channel.flush()
            guard case .sending = state else { return }
            guard channel.isWritable else { return waitForClient() }
        }
    }

    // MARK: streams

    private func startStream(_ body: @Sendable (any ResponseStream) -> Void, of response: APIResponse) {
        channel.sendHead(ResponseHead(status: response.status, headers: response.headers, length: .stream))
        if isHeadOnly {
            end()
            return
        }
        channel.flush()
        let sink = StreamSink(shared: shared, sender: NIOLoopBound(self, eventLoop: channel.eventLoop), eventLoop: channel.eventLoop)
        state = .streaming(sink)
        body(sink)
    }

    /// Takes from the sink what the client takes.
    func sendStreamed(from sink: StreamSink) {
        guard case .streaming = state else { return }
        while channel.isWritable, let bytes = sink.next() {
            channel.sendBody(bytes)
            channel.flush()
            guard case .streaming = state else { return }
        }
        switch sink.standing {
        case .finished: end()
        case .cut:
            state = .over
            sink.close()
            channel.abort()
        case .open: if channel.isWritable { stall.clear() } else { waitForClient() }
        }
    }

    // MARK: the end

    private func upgrade(_ body: @Sendable (any RawConnection) -> Void, of response: APIResponse) {
        let head = ResponseHead(status: response.status, headers: response.headers, length: .noBody)
        guard request.asksForUpgrade, let connection = channel.upgrade(head) else {
            let status = Status(
                code: 400, reason: .badRequest, message: "the connection cannot be upgraded: Connection: Upgrade over HTTP/1.1 is needed")
            return send(Refusal(status).response)
        }
        state = .over
        body(connection)
    }

    private func end() {
        let old = state
        state = .over
        stall.clear()
        channel.finish()
        if case .streaming(let sink) = old { sink.close() }
    }

    private func waitForClient() { stall.set(after: TimeAmount(shared.configuration.timeouts.stalledWrite)) }
}

/// What of a request matters to its response.
struct RequestTraits {
    var isHead: Bool
    var asksForUpgrade: Bool
    var acceptsGzip: Bool
}

/// A body in parts, taken in pieces of a size that a connection likes.
struct PartsCursor {
    private static let pieceBytes = 128 << 10
    private let parts: [[UInt8]]
    private var part = 0
    private var offset = 0

    init(parts: [[UInt8]]) { self.parts = parts }

    var isAtEnd: Bool { part == parts.count || (part == parts.count - 1 && offset == parts[part].count) }

    /// - Returns: nil at the end, never an empty buffer.
    mutating func next() -> ByteBuffer? {
        var piece = ByteBufferAllocator().buffer(capacity: min(Self.pieceBytes, remainingBytes(upTo: Self.pieceBytes)))
        while part < parts.count, piece.readableBytes < Self.pieceBytes {
            let count = min(Self.pieceBytes - piece.readableBytes, parts[part].count - offset)
            piece.writeBytes(parts[part][offset..<offset + count])
            offset += count
            if offset == parts[part].count {
                part += 1
                offset = 0
            }
        }
        return piece.readableBytes > 0 ? piece : nil
    }

    private func remainingBytes(upTo limit: Int) -> Int {
        var count = -offset
        for index in part..<parts.count where count < limit { count += parts[index].count }
        return max(count, 0)
    }
}

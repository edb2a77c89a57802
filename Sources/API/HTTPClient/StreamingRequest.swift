package import APIMachinery
internal import NIOCore
internal import NIOHTTP1

/// An answer whose body is read as slowly as its reader likes, or after which the connection leaves HTTP.
package struct StreamingAnswer: Sendable {
    package var status: Int
    package var headers: APIMachinery.HTTPHeaders
    /// The body; with status 101 the connection itself. Whoever gives it up closes it.
    package var connection: any RawConnection
    package var isUpgraded: Bool { status == 101 }
}

/// One request on a connection of its own (HTTP/1.1).
package struct StreamingRequest: Sendable {
    private let dialer: Dialer

    package init(_ dialer: Dialer) { self.dialer = dialer }

    /// - Parameters:
    ///   - request: Its fields are sent as they are, with `Host` and `Content-Length` where they are missing.
    ///   - upload: A body that is read while it is sent, in place of the request's own.
    /// - Throws: When there is no answer; Go's words.
    package func send(_ request: APIRequest, upload: Upload? = nil) async throws(TransportError) -> StreamingAnswer {
        let waiter = AnswerWaiter()
        let channel = try await dialer.connect { channel in
            let pipeline = channel.pipeline.syncOperations
            let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
            let encoder = HTTPRequestEncoder()
            try pipeline.addHandlers(encoder, decoder)
            try pipeline.addHandler(StreamingHandler(waiter, ChannelConnection(channel: channel), encoder, decoder))
        }
        channel.write(HTTPClientRequestPart.head(head(of: request, upload)), promise: nil)
        do {
            return try await withTaskCancellationHandler {
                guard let upload else {
                    write(request.body, on: channel)
                    return try await waiter.answer()
                }
                // An answer may come before all of the body is sent: then the rest is not wanted.
                async let _: Void = send(upload, on: channel, waiter)
                return try await waiter.answer()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            channel.close(promise: nil)
            throw error as? TransportError ?? TransportError(dialer.words(for: error))
        }
    }

    private func write(_ body: [UInt8], on channel: any Channel) {
        if !body.isEmpty { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    private func send(_ upload: Upload, on channel: any Channel, _ waiter: AnswerWaiter) async {
        do {
            while !Task.isCancelled, let bytes = try await upload.next() {
                try await channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes))))
            }
            try await channel.writeAndFlush(HTTPClientRequestPart.end(nil))
        } catch is ChannelError {
            // The server closed the connection, perhaps after its answer, which counts.
        } catch is IOError {
        } catch {
            waiter.fail(error as? TransportError ?? TransportError("read the body: \(error)"))
        }
    }

    private func head(of request: APIRequest, _ upload: Upload?) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .RAW(value: request.method), uri: request.target)
        for field in request.headers.fields { head.headers.add(name: field.name, value: field.value) }
        if !head.headers.contains(name: "Host") { head.headers.add(name: "Host", value: dialer.authority) }
        head.headers.remove(name: "Content-Length")
        if upload != nil || !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
            head.headers.add(name: "Content-Length", value: "\(upload?.byteCount ?? Int64(request.body.count))")
        }
        return head
    }
}

/// A body that is read piece by piece while it is sent.
package struct Upload: Sendable {
    package var byteCount: Int64
    /// The next bytes; nil at the end, after `byteCount` of them.
    package var next: @Sendable () async throws -> [UInt8]?

    package init(byteCount: Int64, next: @escaping @Sendable () async throws -> [UInt8]?) {
        self.byteCount = byteCount
        self.next = next
    }
}

/// Hands the beginning of an answer from the event loop to who waits for it.
private final class AnswerWaiter: Sendable {
    private let stream: AsyncThrowingStream<StreamingAnswer, any Error>
    private let continuation: AsyncThrowingStream<StreamingAnswer, any Error>.Continuation

    init() { (stream, continuation) = AsyncThrowingStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    func succeed(_ answer: StreamingAnswer) {
        continuation.yield(answer)
        continuation.finish()
    }

    func fail(_ error: TransportError) { continuation.finish(throwing: error) }

    func answer() async throws -> StreamingAnswer {
        for try await answer in stream { return answer }
        throw TransportError("context canceled")
    }
}

/// Reads an answer, and steps aside when the connection leaves HTTP.
private final class StreamingHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart

    private let waiter: AnswerWaiter
    private let connection: ChannelConnection
    private let encoder: HTTPRequestEncoder
    private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
    private var upgrade: HTTPResponseHead?
    private var isComplete = false

    init(
        _ waiter: AnswerWaiter, _ connection: ChannelConnection, _ encoder: HTTPRequestEncoder,
        _ decoder: ByteToMessageHandler<HTTPResponseDecoder>
    ) {
        self.waiter = waiter
        self.connection = connection
        self.encoder = encoder
        self.decoder = decoder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols: upgrade = head
        case .head(let head): waiter.succeed(answer(head))
        case .body(let buffer): connection.arrived(Array(buffer.readableBytesView))
        case .end:
            isComplete = true
            if let upgrade {
                leaveHTTP(upgrade, context)
            } else {
                connection.ended()
                context.close(promise: nil)
            }
        }
    }

    func read(context: ChannelHandlerContext) {
        if connection.mayRead() { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(TransportError("EOF"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Many servers end TLS without a word when they have said everything.
        fail(TransportError("\(error)"))
        context.close(promise: nil)
    }

    private func fail(_ error: TransportError) {
        guard !isComplete else { return }
        waiter.fail(error)
        connection.ended(error)
    }

    private func answer(_ head: HTTPResponseHead) -> StreamingAnswer {
        var headers = APIMachinery.HTTPHeaders()
        for (name, value) in head.headers { headers.append(name, value) }
        return StreamingAnswer(status: Int(head.status.code), headers: headers, connection: connection)
    }

    private func leaveHTTP(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        let (waiter, answer, channel) = (waiter, answer(head), context.channel)
        do {
            try pipeline.addHandler(RawBytesHandler(connection))
        } catch {
            return fail(TransportError("\(error)"))
        }
        pipeline.removeHandler(context: context, promise: nil)
        pipeline.removeHandler(encoder, promise: nil)
        // Bytes that it has read already go to the handler behind it. Until it has gone it takes what is written for requests.
        let removed = channel.eventLoop.makePromise(of: Void.self)
        pipeline.removeHandler(decoder, promise: removed)
        removed.futureResult.whenComplete { _ in waiter.succeed(answer) }
    }
}

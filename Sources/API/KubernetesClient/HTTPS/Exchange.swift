internal import APIMachinery
internal import HTTPClient
internal import NIOCore
internal import NIOHTTP1
import Synchronization

/// One request and its answer on a connection.
final class Exchange: Sendable {
    let request: APIRequest
    let head: HTTPRequestHead
    let patience: Patience
    let body = ByteStream()
    /// Called when the answer is complete and the connection can take another request.
    let release: @Sendable () -> Void
    private let answer = Mutex<CheckedContinuation<TransportResponse, any Error>?>(nil)

    init(request: APIRequest, head: HTTPRequestHead, patience: Patience, release: @escaping @Sendable () -> Void) {
        self.request = request
        self.head = head
        self.patience = patience
        self.release = release
    }

    func setAnswer(_ continuation: CheckedContinuation<TransportResponse, any Error>) { answer.withLock { $0 = continuation } }

    func succeed(_ head: HTTPResponseHead) {
        var headers = HTTPHeaders()
        for (name, value) in head.headers { headers.append(name, value) }
        takeAnswer()?.resume(returning: TransportResponse(status: Int(head.status.code), headers: headers, body: body))
    }

    /// Ends the exchange wherever it stands.
    func fail(_ error: TransportError) {
        takeAnswer()?.resume(throwing: error)
        body.fail(error)
    }

    private func takeAnswer() -> CheckedContinuation<TransportResponse, any Error>? {
        answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
    }
}

/// Writes requests and hands their answers back, one at a time.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    private var current: Exchange?
    private var keepsAlive = false
    /// When the server will have been silent for too long.
    private var silentUntil: NIODeadline?
    private var timer: Scheduled<Void>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        current = exchange
        let channel = context.channel
        expect(within: exchange.patience.head, context)
        // A reader that gives up needs no more of the answer: only closing says so.
        let body = exchange.body
        body.onClose { [weak body] in
            guard let body else { return }
            channel.eventLoop.execute {
                try? channel.pipeline.syncOperations.handler(type: ExchangeHandler.self).abandon(body, channel)
            }
        }
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if !exchange.request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: exchange.request.body)))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange = current else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepsAlive = head.isKeepAlive
            expect(within: exchange.patience.body, context)
            exchange.succeed(head)
        case .body(let buffer):
            if !exchange.patience.isForWholeBody { expect(within: exchange.patience.body, context) }
            exchange.body.write(Array(buffer.readableBytesView))
        case .end:
            current = nil
            stopTimer()
            exchange.body.finish()
            if keepsAlive { exchange.release() } else { context.close(promise: nil) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(TransportError("the connection was closed before the answer was complete"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(TransportError("\(error)"))
        context.close(promise: nil)
    }

    /// Moves the time, and sets a timer where none is set: that looks at the time when it goes off.
    private func expect(within limit: TimeAmount?, _ context: ChannelHandlerContext) {
        silentUntil = limit.map { .now() + $0 }
        if let limit, timer == nil { setTimer(limit, context) }
    }

    private func setTimer(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) {
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        timer = nil
        guard let silentUntil else { return }
        let now = NIODeadline.now()
        guard silentUntil <= now else { return setTimer(silentUntil - now, context) }
        fail(TransportError("the server has been silent for too long"))
        context.close(promise: nil)
    }

    private func stopTimer() {
        silentUntil = nil
        timer?.cancel()
        timer = nil
    }

    private func abandon(_ body: ByteStream, _ channel: any Channel) {
        guard current?.body === body else { return }
        current = nil
        stopTimer()
        channel.close(promise: nil)
    }

    private func fail(_ error: TransportError) {
        let exchange = current
        current = nil
        stopTimer()
        exchange?.fail(error)
    }
}

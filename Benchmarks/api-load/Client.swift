import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Connections to one server, all on one event loop: what they share needs no lock.
struct ClientPool: Sendable {
    let target: Target
    let loop: any EventLoop

    init(_ target: Target) {
        self.target = target
        loop = MultiThreadedEventLoopGroup.singleton.next()
    }

    func connect<W: Wire>(_ wire: W.Type) async throws -> Client<W> {
        let handler = try await open { LoadHandler<W>(loop: $0.eventLoop) }
        return Client(loop: loop, handler: handler)
    }

    /// - Parameter make: Called on the loop for the new connection's last handler.
    func open<H: ChannelInboundHandler>(_ make: @escaping @Sendable (any Channel) -> H) async throws -> NIOLoopBound<H> {
        let (target, loop) = (target, loop)
        let made = loop.makePromise(of: NIOLoopBound<H>.self)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(ChannelOptions.socketOption(.init(rawValue: 1)), value: 1)  // TCP_NODELAY
            .channelOption(
                ChannelOptions.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 << 10)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = make(channel)
                    if let tls = target.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                    made.succeed(NIOLoopBound(handler, eventLoop: loop))
                }
            }
        do {
            _ = try await bootstrap.connect(host: target.host, port: target.port).get()
        } catch {
            made.fail(error)
        }
        return try await made.futureResult.get()
    }
}

/// One connection with requests in a closed loop: the next goes out when the answer is there.
struct Client<W: Wire>: Sendable {
    let loop: any EventLoop
    let handler: NIOLoopBound<LoadHandler<W>>

    func run(_ work: Work) async throws -> Samples {
        try await loop.flatSubmit { handler.value.run(work) }.get().samples
    }

    /// - Throws: When the status is not 2xx.
    @discardableResult
    func call(_ request: Request) async throws -> Answer {
        let work = Work(numbers: Numbers(count: 1)) { _ in request }
        guard let answer = try await loop.flatSubmit({ handler.value.run(work) }).get().last else { throw LoadError("no answer") }
        return answer
    }
}

/// Gives each request of several clients its number.
final class Numbers: Sendable {
    private let count: Int
    private let next = Atomic(0)

    init(count: Int) { self.count = count }

    /// - Returns: nil when all have been given.
    func take() -> Int? {
        let number = next.add(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }
}

struct Work: Sendable {
    let numbers: Numbers
    /// Time between the beginnings of requests; nil for as fast as it goes.
    var interval: TimeAmount?
    let request: @Sendable (Int) -> Request
}

/// What a loop leaves.
struct Outcome: Sendable {
    var samples = Samples()
    var last: Answer?
}

final class LoadHandler<W: Wire>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: any EventLoop
    private var wire = W()
    private var context: ChannelHandlerContext?
    private var work: Work?
    private var promise: EventLoopPromise<Outcome>?
    private var outcome = Outcome()
    private var sentAt: UInt64 = 0
    private var due = NIODeadline.now()

    init(loop: any EventLoop) { self.loop = loop }

    func run(_ work: Work) -> EventLoopFuture<Outcome> {
        let promise = loop.makePromise(of: Outcome.self)
        guard context != nil else {
            promise.fail(LoadError("the connection is closed"))
            return promise.futureResult
        }
        self.promise = promise
        self.work = work
        outcome = Outcome()
        due = .now()
        sendNext()
        return promise.futureResult
    }

    private func sendNext() {
        guard let work, let context else { return }
        if let interval = work.interval {
            if due > .now() {
                let bound = NIOLoopBound(self, eventLoop: loop)
                loop.scheduleTask(deadline: due) { bound.value.sendDue(work) }
                due = due + interval
                return
            }
            due = due + interval
        }
        send(work, context)
    }

    private func sendDue(_ work: Work) {
        if let context { send(work, context) }
    }

    private func send(_ work: Work, _ context: ChannelHandlerContext) {
        guard let number = work.numbers.take() else { return end(.success(outcome)) }
        sentAt = Samples.now
        context.writeAndFlush(wrapOutboundOut(wire.encode(work.request(number))), promise: nil)
    }

    private func end(_ result: Result<Outcome, any Error>) {
        work = nil
        promise?.completeWith(result)
        promise = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        if !wire.greeting.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: wire.greeting)), promise: nil) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        do {
            guard let answer = try wire.receive(&bytes) else { return }
            outcome.samples.add(from: sentAt, to: Samples.now)
            guard 200..<300 ~= answer.status else {
                throw LoadError("status \(answer.status): \(String(buffer: answer.body).prefix(300))")
            }
            outcome.last = answer
            sendNext()
        } catch {
            end(.failure(error))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        end(.failure(LoadError("the server closed the connection")))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(error))
        context.close(promise: nil)
    }
}

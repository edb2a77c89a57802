internal import APIMachinery
internal import NIOCore
internal import NIOPosix
import Synchronization

/// Asks other servers what the cluster does not know, one after the other until one answers, and remembers what they say.
final class Forwarder: Sendable {
    /// IP addresses.
    private let upstreams: [String]
    private let port: Int
    private let cache = AnswerCache()
    private let time: any TimeSource
    private let timeout: Duration
    private let inFlight = Mutex(0)
    /// When each server last did not answer: for a while it is asked last.
    private let silences = Mutex<[String: Duration]>([:])
    private static let memoryOfSilence = Duration.seconds(10)
    /// A question holds a socket until it is answered: one pod must not use up the daemon's descriptors.
    private static let maxInFlight = 1000

    init(upstreams: [String], port: Int = 53, timeout: Duration = .seconds(2), time: any TimeSource = MachineTime()) {
        (self.upstreams, self.port, self.timeout, self.time) = (upstreams, port, timeout, time)
    }

    private func key(_ query: DNSQuery) -> AnswerCache.Key {
        .init(
            name: query.name, type: query.type, recordClass: query.recordClass, hasEDNS: query.hasEDNS,
            wantsSignatures: query.wantsSignatures)
    }

    /// What is known already; costs no hand-over.
    func known(_ query: DNSQuery) -> [UInt8]? { cache.find(key(query), for: query, now: time.now) }

    /// - Parameter message: As it came.
    /// - Returns: The answer, with the query's id; nil when nobody answers, or too many are being asked already.
    func resolve(_ query: DNSQuery, _ message: [UInt8]) async -> [UInt8]? {
        if let known = known(query) { return known }
        let mayAsk = inFlight.withLock { count in
            guard count < Self.maxInFlight else { return false }
            count += 1
            return true
        }
        guard mayAsk else { return nil }
        defer { inFlight.withLock { $0 -= 1 } }
        let servers = inOrder
        for upstream in servers {
            guard var answer = await ask(upstream, query, message) else {
                silences.withLock { $0[upstream] = time.now }
                continue
            }
            if answer[3] & 0xf == ResponseCode.serverFailure.rawValue, upstream != servers.last { continue }
            answer.replaceSubrange(0..<2, with: [UInt8(query.id >> 8), UInt8(truncatingIfNeeded: query.id)])
            cache.store(answer, key(query), now: time.now)
            return answer
        }
        return nil
    }

    /// One that is down would hold every question up for the whole timeout.
    private var inOrder: [String] {
        let (now, silences) = (time.now, silences.withLock { $0 })
        func isSilent(_ server: String) -> Bool { silences[server].map { now - $0 < Self.memoryOfSilence } ?? false }
        return upstreams.filter { !isSilent($0) } + upstreams.filter(isSilent)
    }

    private func ask(_ upstream: String, _ query: DNSQuery, _ message: [UInt8]) async -> [UInt8]? {
        // A fresh id and a fresh port for each question, so that nobody off the path can guess an answer (RFC 5452).
        var question = message
        let id = UInt16.random(in: .min ... .max)
        question.replaceSubrange(0..<2, with: [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)])
        guard let short = await exchange(upstream, question, id, query, isDatagram: true) else { return nil }
        guard short[2] & 0x02 != 0 else { return short }
        return await exchange(upstream, question, id, query, isDatagram: false) ?? short
    }

    private func exchange(_ upstream: String, _ question: [UInt8], _ id: UInt16, _ query: DNSQuery, isDatagram: Bool) async -> [UInt8]? {
        let exchange = AnswerWaiter(id: id, question: query)
        do {
            let address = try SocketAddress(ipAddress: upstream, port: port)
            let group = MultiThreadedEventLoopGroup.singleton
            let channel: any Channel
            if isDatagram {
                channel = try await DatagramBootstrap(group: group)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(DatagramAnswers(exchange)) }
                    }
                    .connect(to: address).get()
            } else {
                channel = try await ClientBootstrap(group: group).connectTimeout(TimeAmount(timeout))
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(LengthFrames()), StreamAnswers(exchange))
                        }
                    }
                    .connect(to: address).get()
            }
            defer { channel.close(promise: nil) }
            channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { exchange.finish(nil) }
            if isDatagram {
                channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: question)), promise: nil)
            } else {
                channel.writeAndFlush(LengthFrames.framed(question), promise: nil)
            }
            return await exchange.answer()
        } catch {
            return nil
        }
    }
}

/// Waits for the one answer that fits a question.
final class AnswerWaiter: Sendable {
    private enum State {
        case begun
        case waiting(CheckedContinuation<[UInt8]?, Never>)
        case over([UInt8]?)
    }
    private let state = Mutex(State.begun)
    private let id: UInt16
    private let question: DNSQuery

    init(id: UInt16, question: DNSQuery) { (self.id, self.question) = (id, question) }

    func answer() async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            let result: [UInt8]?? = state.withLock { state in
                if case .over(let answer) = state { return .some(answer) }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }
    }

    /// Takes what came if it answers the question; everything else is somebody's noise.
    func offer(_ message: [UInt8]) {
        var reader = DNSReader(message)
        guard reader.integer() == id, let flags = reader.integer(), flags & 0x8000 != 0, reader.integer() == 1, reader.integer() != nil,
            reader.integer() != nil, reader.integer() != nil, reader.name() == question.name, reader.integer() == question.type.rawValue
        else { return }
        finish(message)
    }

    func finish(_ answer: [UInt8]?) {
        let waiting: CheckedContinuation<[UInt8]?, Never>? = state.withLock { state in
            switch state {
            case .over: return nil
            case .begun:
                state = .over(answer)
                return nil
            case .waiting(let continuation):
                state = .over(answer)
                return continuation
            }
        }
        waiting?.resume(returning: answer)
    }
}

private final class DatagramAnswers: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let waiter: AnswerWaiter
    init(_ waiter: AnswerWaiter) { self.waiter = waiter }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { waiter.offer(Array(unwrapInboundIn(data).data.readableBytesView)) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { waiter.finish(nil) }
}

private final class StreamAnswers: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let waiter: AnswerWaiter
    init(_ waiter: AnswerWaiter) { self.waiter = waiter }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { waiter.offer(Array(unwrapInboundIn(data).readableBytesView)) }
    func channelInactive(context: ChannelHandlerContext) { waiter.finish(nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { waiter.finish(nil) }
}

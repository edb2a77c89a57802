import APIMachinery
import NIOCore
// By name: NIOPosix has a Resolver too.
import class NIOPosix.DatagramBootstrap
import class NIOPosix.MultiThreadedEventLoopGroup
import class NIOPosix.ServerBootstrap
import Synchronization
import Testing

@testable import ClusterDNS

/// What the cluster does not know, asked of a server that follows a script, over real sockets.
struct ForwardingTests {
    @Test func `an answer comes with the asker's id and letters, and is kept as long as it says`() async throws {
        let upstream = try await Upstream.start { query, _ in Message.answer(query, address: [192, 0, 2, 1], timeToLive: 60) }
        let time = ManualTime()
        let resolver = upstream.resolver(time: time)
        let first = try await ask(resolver, Message.question("ExAmple.org", id: 7))
        #expect(first[0] == 0 && first[1] == 7 && AddressReader.addresses(first).map(\.bytes) == [[192, 0, 2, 1]])
        #expect(String(decoding: first[13..<20], as: UTF8.self) == "ExAmple")
        time.advance(.seconds(20))
        let second = try await ask(resolver, Message.question("example.ORG", id: 8))
        #expect(second[1] == 8 && AddressReader.addresses(second).map(\.timeToLive) == [40])
        #expect(String(decoding: second[13..<20], as: UTF8.self) == "example" && upstream.count == 1)
        time.advance(.seconds(41))
        _ = try await ask(resolver, Message.question("example.org", id: 9))
        #expect(upstream.count == 2)
        await upstream.stop()
    }

    @Test func `what is cut short over UDP is asked for over TCP, and given as whole as the asker takes it`() async throws {
        let upstream = try await Upstream.start(hasStreams: true) { query, isStream in
            isStream ? Message.answer(query, address: [192, 0, 2, 1], timeToLive: 60, count: 60) : Message.cutShort(query)
        }
        let resolver = upstream.resolver()
        let roomy = try await ask(resolver, Message.question("example.org", udpSize: 4096))
        #expect(AddressReader.addresses(roomy).count == 60 && roomy[2] & 0x02 == 0)
        let narrow = try await ask(resolver, Message.question("example.org"))
        #expect(narrow.count <= 512 && narrow[2] & 0x02 != 0)
        let stream = try await ask(resolver, Message.question("example.org"), limitsSize: false)
        #expect(AddressReader.addresses(stream).count == 60)
        // The second question, without EDNS, is another one; the third is the second's.
        #expect(upstream.count == 4)
        await upstream.stop()
    }

    @Test func `a no is kept as long as its authority says`() async throws {
        let upstream = try await Upstream.start { query, _ in Message.noSuchName(query, timeToLive: 900, minimum: 30) }
        let time = ManualTime()
        let resolver = upstream.resolver(time: time)
        #expect(try await ask(resolver, Message.question("none.example.org"))[3] & 0xf == 3)
        time.advance(.seconds(29))
        #expect(try await ask(resolver, Message.question("none.example.org"))[3] & 0xf == 3)
        #expect(upstream.count == 1)
        time.advance(.seconds(2))
        _ = try await ask(resolver, Message.question("none.example.org"))
        #expect(upstream.count == 2)
        await upstream.stop()
    }

    @Test func `signatures go to those who want them only`() async throws {
        let upstream = try await Upstream.start { query, _ in Message.answer(query, address: [192, 0, 2, 1], timeToLive: 60) }
        let resolver = upstream.resolver()
        _ = try await ask(resolver, Message.question("example.org", udpSize: 1232))
        _ = try await ask(resolver, Message.question("example.org", udpSize: 1232, wantsSignatures: true))
        #expect(upstream.count == 2)
        await upstream.stop()
    }

    @Test func `a server that is gone is an error for the asker, and nothing is kept of it`() async throws {
        let upstream = try await Upstream.start { query, _ in Message.answer(query, address: [192, 0, 2, 1], timeToLive: 60) }
        await upstream.stop()
        let resolver = upstream.resolver()
        for _ in 0..<2 { #expect(try await ask(resolver, Message.question("example.org"))[3] & 0xf == 2) }
        #expect(try await ask(Upstream.resolver([], port: 53), Message.question("example.org"))[3] & 0xf == 2)
    }

    @Test func `when one is silent or fails the next is asked, and the silent one last from then on`() async throws {
        let silent = try await Upstream.start { _, _ in nil }
        let failing = try await Upstream.start(address: "127.0.0.2", port: silent.port) { query, _ in Message.failure(query) }
        let good = try await Upstream.start(address: "127.0.0.3", port: silent.port) { query, _ in
            Message.answer(query, address: [192, 0, 2, 1], timeToLive: 0)
        }
        let resolver = Upstream.resolver(
            ["127.0.0.1", "127.0.0.2", "127.0.0.3"], port: silent.port, timeout: .seconds(5), time: ManualTime())
        for _ in 0..<3 {
            let answer = try await ask(resolver, Message.question("example.org"))
            #expect(AddressReader.addresses(answer).count == 1)
        }
        #expect(silent.count == 1 && failing.count == 3 && good.count == 3)
        for upstream in [silent, failing, good] { await upstream.stop() }
    }

    @Test func `an answer to another question is not taken`() async throws {
        let upstream = try await Upstream.start { query, _ in
            var other = Message.answer(query, address: [203, 0, 113, 66], timeToLive: 60)
            other[14] ^= 1  // a letter of the name
            return other
        }
        let resolver = upstream.resolver(timeout: .milliseconds(300))
        #expect(try await ask(resolver, Message.question("example.org"))[3] & 0xf == 2)
        await upstream.stop()
    }

    private func ask(_ resolver: Resolver, _ message: [UInt8], limitsSize: Bool = true) async throws -> [UInt8] {
        switch resolver.answer(message, limitsSize: limitsSize) {
        case .now(let answer): return answer
        case .later(let find):
            guard let answer = await find() else { throw NoAnswer() }
            return answer
        case .nothing: throw NoAnswer()
        }
    }
    private struct NoAnswer: Error {}
}

/// A name server on a loopback address that answers by a script.
private final class Upstream: Sendable {
    /// The question, and whether it came over TCP; nil: silence.
    typealias Script = @Sendable ([UInt8], Bool) -> [UInt8]?
    let port: Int
    private let channels: [any Channel]
    private let counter: Counter

    final class Counter: Sendable { let value = Atomic<Int>(0) }

    var count: Int { counter.value.load(ordering: .acquiring) }

    private init(port: Int, channels: [any Channel], counter: Counter) {
        (self.port, self.channels, self.counter) = (port, channels, counter)
    }

    /// - Parameters:
    ///   - port: 0: one that is free.
    ///   - hasStreams: Also over TCP.
    static func start(
        address: String = "127.0.0.1", port: Int = 0, hasStreams: Bool = false, _ script: @escaping Script
    ) async throws -> Upstream {
        let counter = Counter()
        let counted: Script = { query, isStream in
            counter.value.add(1, ordering: .acquiringAndReleasing)
            return script(query, isStream)
        }
        var attempts = 0
        while true {
            let datagrams = try await datagrams(address, port, counted)
            let actual = datagrams.localAddress?.port ?? port
            guard hasStreams else { return Upstream(port: actual, channels: [datagrams], counter: counter) }
            attempts += 1
            do {
                return Upstream(port: actual, channels: [datagrams, try await streams(address, actual, counted)], counter: counter)
            } catch {
                // The number is free for UDP, but somebody's for TCP: another one.
                try await datagrams.close()
                guard attempts < 20 else { throw error }
            }
        }
    }

    private static func datagrams(_ address: String, _ port: Int, _ script: @escaping Script) async throws -> any Channel {
        try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Datagrams(script)) }
            }
            .bind(host: address, port: port).get()
    }

    private static func streams(_ address: String, _ port: Int, _ script: @escaping Script) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(LengthFrames()), Streams(script))
                }
            }
            .bind(host: address, port: port).get()
    }

    func stop() async { for channel in channels { try? await channel.close() } }

    func resolver(timeout: Duration = .seconds(30), time: any TimeSource = MachineTime()) -> Resolver {
        Self.resolver(["127.0.0.1"], port: port, timeout: timeout, time: time)
    }

    static func resolver(
        _ upstreams: [String], port: Int, timeout: Duration = .seconds(30), time: any TimeSource = MachineTime()
    ) -> Resolver {
        let zone = ClusterZone(domain: DNSName("cluster.local"), timeToLive: 5, directory: NoCluster())
        return Resolver(zone: zone, forwarder: Forwarder(upstreams: upstreams, port: port, timeout: timeout, time: time)) { true }
    }

    private struct NoCluster: ClusterDirectory {
        func hasNamespace(_ name: String) -> Bool { false }
        func service(namespace: String, name: String) -> ServiceRecords? { nil }
        func names(of address: [UInt8]) -> [[String]] { [] }
        func owns(_ address: [UInt8]) -> Bool { false }
    }

    private final class Datagrams: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let script: Script
        init(_ script: @escaping Script) { self.script = script }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            guard let answer = script(Array(envelope.data.readableBytesView), false) else { return }
            context.writeAndFlush(
                wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))), promise: nil)
        }
    }

    private final class Streams: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let script: Script
        init(_ script: @escaping Script) { self.script = script }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let answer = script(Array(unwrapInboundIn(data).readableBytesView), true) else { return }
            context.writeAndFlush(wrapOutboundOut(LengthFrames.framed(answer)), promise: nil)
        }
    }
}

/// Messages, byte by byte (RFC 1035, 4).
private enum Message {
    static func question(_ name: String, id: UInt16 = 1, udpSize: UInt16? = nil, wantsSignatures: Bool = false) -> [UInt8] {
        let labels = name.split(separator: ".").flatMap { label -> [UInt8] in [UInt8(label.utf8.count)] + Array(label.utf8) }
        let head: [UInt8] = [UInt8(id >> 8), UInt8(truncatingIfNeeded: id), 1, 0, 0, 1, 0, 0, 0, 0, 0, udpSize == nil ? 0 : 1]
        guard let udpSize else { return head + labels + [0, 0, 1, 0, 1] }
        let option: [UInt8] = [
            0, 0, 41, UInt8(udpSize >> 8), UInt8(truncatingIfNeeded: udpSize), 0, 0, wantsSignatures ? 0x80 : 0, 0, 0, 0,
        ]
        return head + labels + [0, 0, 1, 0, 1] + option
    }

    /// Id, flags and question of an answer, with these counts.
    private static func head(_ query: [UInt8], flags: (UInt8, UInt8), answers: Int = 0, authorities: UInt8 = 0) -> [UInt8] {
        var end = 12
        while query[end] != 0 { end += Int(query[end]) + 1 }
        let counts: [UInt8] = [flags.0, flags.1, 0, 1, 0, UInt8(answers), 0, authorities, 0, 0]
        return Array(query[..<2]) + counts + Array(query[12..<(end + 5)])
    }

    private static func bytes(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }

    static func answer(_ query: [UInt8], address: [UInt8], timeToLive: UInt32, count: Int = 1) -> [UInt8] {
        let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1] + bytes(timeToLive) + [0, 4] + address
        return head(query, flags: (0x81, 0x80), answers: count) + (0..<count).flatMap { _ in record }
    }

    static func cutShort(_ query: [UInt8]) -> [UInt8] { head(query, flags: (0x83, 0x80)) }

    static func failure(_ query: [UInt8]) -> [UInt8] { head(query, flags: (0x81, 0x82)) }

    /// With the zone's authority (SOA) at the root.
    static func noSuchName(_ query: [UInt8], timeToLive: UInt32, minimum: UInt32) -> [UInt8] {
        let numbers: [UInt32] = [1, 2, 3, 4, minimum]
        let data: [UInt8] = [0, 0] + numbers.flatMap(bytes)
        let record: [UInt8] = [0, 0, 6, 0, 1] + bytes(timeToLive) + [0, UInt8(data.count)] + data
        return head(query, flags: (0x81, 0x83), authorities: 1) + record
    }
}

/// A time that stands until the test moves it.
private final class ManualTime: TimeSource {
    private let elapsed = Mutex(Duration.zero)
    var now: Duration { elapsed.withLock { $0 } }
    var wallTime: Timestamp { Timestamp(seconds: 1_800_000_000, nanoseconds: 0) + now }
    func advance(_ step: Duration) { elapsed.withLock { $0 += step } }
    func sleep(until due: Duration) async throws(CancellationError) { throw CancellationError() }
}

import APIMachinery
import Glibc
import HTTPServer
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing

/// What attackers send: each must be refused, and must not make the server see a request that others, reading the same bytes, do not.
@Suite(.timeLimit(.minutes(2))) struct HardeningTests {
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

    /// Header fields, and the body behind them.
    @Test(arguments: [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n\(smuggled)"),
        ("Content-Length: 0\r\nContent-Length: 38", smuggled),
        ("Content-Length: 0, 38", smuggled),
        ("Content-Length: +0", smuggled),
        ("Content-Length: -1", smuggled),
        ("Content-Length: 0x0", smuggled),
        ("Content-Length: 99999999999999999999999", smuggled),
        ("Content-Length : 0", smuggled),
        ("Content-Length:\u{B}0", smuggled),
        ("Transfer-Encoding: gzip", smuggled),
        ("Transfer-Encoding: chunked, identity", "0\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding: xchunked", "0\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding : chunked", "0\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding: chunked", "-1\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding: chunked", "fffffffffffffffff\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding: chunked", "0x0\r\n\r\n\(smuggled)"),
        ("Transfer-Encoding: chunked", "1\r\naX\r\n0\r\n\r\n\(smuggled)"),
        ("X: a\r\n b", smuggled),
        ("X: a\u{0}b", smuggled),
        ("X\u{0}: a", smuggled),
        (": a", smuggled),
        ("X y: a", smuggled),
    ])
    func `a request of two meanings is refused, with all that follows`(fields: String, body: String) async throws {
        let test = try await TestServer()
        let answer = try await test.answer(to: "POST /echo HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n\(body)")
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        #expect(answer.components(of: "HTTP/1.1") == 1)
        #expect(!test.seen.requests.withLock { $0.map(\.path) }.contains("/smuggled"))
        await test.server.shutdown()
    }

    @Test(arguments: [
        "GET /a%zz HTTP/1.1", "GET /a\u{1}b HTTP/1.1", "GET a HTTP/1.1", "get /a HTTP/1.1", "GET /a HTTP/9.9", "GET /a",
        "FETCH /a HTTP/1.1", "GET /a b HTTP/1.1", " GET /a HTTP/1.1",
    ])
    func `a request line that is none is refused`(line: String) async throws {
        let test = try await TestServer()
        let answer = try await test.answer(to: "\(line)\r\nHost: x\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        #expect(test.seen.requests.withLock { $0.isEmpty })
        await test.server.shutdown()
    }

    /// CVE-2023-44487: requests that are taken back at once, so that the limit on streams never holds.
    @Test func `requests that are begun and taken back by the thousand end their connection, and only that`() async throws {
        let certificates = try await TestCertificates()
        let test = try await TestServer(tls: certificates.identity())
        let received = try await floodWithResets(port: test.port, authority: certificates.text("ca.pem"), count: 40_000)
        // The last frame is GOAWAY: type 7.
        #expect(received.count > 9)
        #expect(try await eventually { test.server.connectionCount == 0 })
        #expect(try await eventually { test.seen.gate.waitingCount == 0 })
        let answer = try await shell(
            "curl -sS --cacert \(certificates.folder)/ca.pem --data still https://127.0.0.1:\(test.port)/echo")
        #expect(answer.output == "still")
        await test.server.shutdown()
        await certificates.remove()
    }

    /// - Returns: What the server sent until it closed the connection.
    private func floodWithResets(port: Int, authority: String, count: Int) async throws -> [UInt8] {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
        configuration.applicationProtocols = ["h2"]
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                }
            }
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            async let flood: Void = Self.flood(outbound, count)
            var received: [UInt8] = []
            // The end may be a reset.
            do { for try await buffer in inbound { received += buffer.readableBytesView } } catch {}
            _ = try? await flood
            return received
        }
    }

    private static func flood(_ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ count: Int) async throws {
        var buffer = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        buffer.writeHTTP2Frame(type: 4, flags: 0, stream: 0, [])
        // GET https://x/slow in HPACK (RFC 7541): three from the static table, a path and an authority in plain letters.
        let header: [UInt8] = [0x82, 0x87, 0x04, 0x05] + Array("/slow".utf8) + [0x01, 0x01, UInt8(ascii: "x")]
        for number in 0..<count {
            let stream = UInt32(number * 2 + 1)
            buffer.writeHTTP2Frame(type: 1, flags: 5, stream: stream, header)
            buffer.writeHTTP2Frame(type: 3, flags: 0, stream: stream, [0, 0, 0, 8])
            if buffer.readableBytes > 32 << 10 {
                try await outbound.write(buffer)
                buffer.clear()
            }
        }
        try await outbound.write(buffer)
    }
}

extension ByteBuffer {
    /// RFC 9113, 4.1.
    fileprivate mutating func writeHTTP2Frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) {
        writeBytes([0, 0, UInt8(payload.count), type, flags])
        writeInteger(stream)
        writeBytes(payload)
    }
}

import APIMachinery
import HTTPServer
import TestSupport
import Testing

/// A request that goes beyond a limit, and the answer to it.
struct Excess: Sendable, CustomTestStringConvertible {
    let name: String
    let request: String
    let status: Int
    var testDescription: String { name }
}

@Suite struct LimitTests {
    static let excesses = [
        Excess(name: "long URL", request: "GET /\(String(repeating: "u", count: 3000)) HTTP/1.1\r\nHost: x\r\n\r\n", status: 414),
        Excess(name: "long header", request: "GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "h", count: 9000))\r\n\r\n", status: 431),
        Excess(name: "many headers", request: "GET / HTTP/1.1\r\n\((0..<200).map { "H\($0): x\r\n" }.joined())\r\n", status: 431),
        Excess(name: "announced body", request: "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n", status: 413),
        Excess(
            name: "body in chunks",
            request:
                "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n\(String(repeating: "b", count: 0x4000))\r\n",
            status: 413),
        Excess(name: "no HTTP", request: "hello, is anybody there?\r\n\r\n", status: 400),
        Excess(name: "no path", request: "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
        Excess(
            name: "two lengths", request: "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", status: 400),
    ]

    @Test(arguments: excesses)
    func `what exceeds a limit is refused with a Status, and the connection closed`(excess: Excess) async throws {
        let test = try await TestServer {
            $0.limits.urlBytes = 2048
            $0.limits.headerBytes = 4096
            $0.limits.headerCount = 100
            $0.limits.bodyBytes = 10_000
        }
        let answer = try await test.answer(to: excess.request)
        #expect(answer.hasPrefix("HTTP/1.1 \(excess.status) "), "\(answer.prefix(300))")
        #expect(answer.contains("\"kind\":\"Status\""))
        #expect(answer.contains("Connection: close"))
        #expect(test.seen.requests.withLock { $0.isEmpty })
        await test.server.shutdown()
    }

    @Test(arguments: ["GET /echo HTTP/1.1\r\nHo", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"])
    func `a request that does not arrive in time is given up`(beginning: String) async throws {
        let test = try await TestServer {
            $0.timeouts.header = .milliseconds(200)
            $0.timeouts.body = .milliseconds(200)
        }
        let answer = try await test.answer(to: beginning)
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
        await test.server.shutdown()
    }

    @Test func `a connection without requests is closed after the idle time`() async throws {
        let test = try await TestServer { $0.timeouts.idle = .milliseconds(200) }
        let answer = try await test.answer(to: "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        #expect(answer.hasSuffix("hi"))
        #expect(try await eventually { test.server.connectionCount == 0 })
        await test.server.shutdown()
    }

    @Test func `connections beyond the limit are closed, the others go on`() async throws {
        let test = try await TestServer { $0.limits.connections = 2 }
        let port = test.port
        let answers = try await offTheLoop {
            let first = try RawClient(port: port)
            try first.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            _ = try first.receive(until: "hi")
            let second = try RawClient(port: port)
            try second.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            _ = try second.receive(until: "hi")
            let third = try RawClient(port: port).receiveAll()
            try first.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nho")
            return [third, try first.receive(until: "ho")]
        }
        #expect(answers[0].isEmpty)
        #expect(answers[1].hasSuffix("ho"))
        await test.server.shutdown()
    }

    @Test func `hundreds of idle connections leave the server free for others`() async throws {
        let test = try await TestServer()
        let port = test.port
        let answer = try await offTheLoop {
            var idle: [RawClient] = []
            for _ in 0..<400 { idle.append(try RawClient(port: port)) }
            let client = try RawClient(port: port)
            try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            return (try client.receive(until: "hi"), idle.count)
        }
        #expect(answer.0.hasSuffix("hi"))
        await test.server.shutdown()
    }
}

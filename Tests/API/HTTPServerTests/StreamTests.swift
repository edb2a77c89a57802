import APIMachinery
import HTTPServer
import TestSupport
import Testing

@Suite struct StreamTests {
    @Test func `a stream arrives as it is written and ends when it is finished`() async throws {
        let test = try await TestServer()
        let port = test.port
        let answer = try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("GET /stream?count=1000 HTTP/1.1\r\nHost: x\r\n\r\n")
            return try client.receive(until: "0\r\n\r\n")
        }
        #expect(answer.contains("Transfer-Encoding: chunked"))
        #expect(answer.contains("line 999\n"))
        await test.server.shutdown()
    }

    @Test func `a reader that goes away ends its stream`() async throws {
        let test = try await TestServer()
        let port = test.port
        try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.receive(until: "begun")
        }
        #expect(try await eventually { test.seen.closedStreamCount.load(ordering: .relaxed) == 1 })
        let stream = try #require(test.seen.streams.withLock { $0.first })
        #expect(!stream.write([1]))
        await test.server.shutdown()
    }

    @Test func `a reader that stays behind is cut off, and others are not`() async throws {
        let test = try await TestServer { $0.limits.streamBacklogBytes = 100_000 }
        let port = test.port
        let bytes = [UInt8](repeating: 0x62, count: 50_000)
        let (slow, quick) = try await offTheLoop {
            let slow = try RawClient(port: port)
            try slow.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try slow.receive(until: "begun")
            let quick = try RawClient(port: port)
            try quick.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try quick.receive(until: "begun")
            return (slow, quick)
        }
        let streams = test.seen.streams.withLock { $0 }
        var isCut = false
        for _ in 0..<2000 where !isCut {
            isCut = !streams[0].write(bytes)
            await Task.yield()
        }
        #expect(isCut)
        #expect(streams[1].write(Array("still here".utf8)))
        let rest = try await offTheLoop { try quick.receive(until: "still here") }
        #expect(rest.contains("still here"))
        #expect(try await eventually { test.seen.closedStreamCount.load(ordering: .relaxed) == 1 })
        _ = slow
        await test.server.shutdown()
    }

    @Test func `a reader that takes nothing for long is cut off`() async throws {
        let test = try await TestServer { $0.timeouts.stalledWrite = .milliseconds(300) }
        let port = test.port
        let kept = try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("GET /big?count=50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            return client
        }
        #expect(try await eventually { test.seen.requests.withLock { $0.count } == 1 })
        #expect(try await eventually { test.server.connectionCount == 0 })
        _ = kept
        await test.server.shutdown()
    }

    @Test func `a large body arrives whole`() async throws {
        let test = try await TestServer()
        let result = try await shell("curl -s http://127.0.0.1:\(test.port)/big?count=30000000 | wc -c")
        #expect(result.output.contains("30000000"))
        await test.server.shutdown()
    }

    @Test func `shutting down ends streams in good order and waits for answers`() async throws {
        let test = try await TestServer { $0.timeouts.shutdown = .seconds(10) }
        let port = test.port
        async let slow = shell("curl -s http://127.0.0.1:\(port)/slow")
        async let watch = shell("curl -sS http://127.0.0.1:\(port)/watch")
        #expect(try await eventually { test.seen.requests.withLock { $0.count } == 2 })
        async let down: Void = test.server.shutdown()
        #expect(try await watch.output == "begun\n")
        #expect(try await watch.status == 0)
        test.seen.gate.open()
        #expect(try await slow.output == "late")
        await down
    }
}

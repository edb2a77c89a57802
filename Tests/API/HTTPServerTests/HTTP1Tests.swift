import APIMachinery
import HTTPServer
import TestSupport
import Testing

@Suite struct HTTP1Tests {
    @Test func `a request reaches the handler whole, and its answer the client`() async throws {
        let test = try await TestServer()
        let answer = try await test.answer(
            to:
                "POST /echo?a=1%202&b=+&c HTTP/1.1\r\nHost: x\r\nX-Seen: yes\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\nContent-Length: 5\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nhello"))
        let request = try #require(test.seen.requests.withLock { $0.first })
        #expect(request.method == "POST")
        #expect(request.path == "/echo")
        #expect(request.query == [.init(name: "a", value: "1 2"), .init(name: "b", value: " "), .init(name: "c", value: "")])
        #expect(request.headers["x-seen"] == "yes")
        await test.server.shutdown()
    }

    @Test func `requests sent ahead are answered in their order on one connection`() async throws {
        let test = try await TestServer()
        let port = test.port
        async let exchange = offTheLoop {
            let client = try RawClient(port: port)
            var requests = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
            for number in 0..<200 { requests += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\(1000 + number)" }
            try client.send(requests + "GET /big?count=1000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(try await eventually { test.seen.gate.waitingCount == 1 })
        test.seen.gate.open()
        let answer = try await exchange
        #expect(answer.components(of: "HTTP/1.1 200 OK") == 202)
        #expect(answer.contains("late"))
        #expect(answer.hasSuffix(String(repeating: "a", count: 1000)))
        let paths = test.seen.requests.withLock { $0.map(\.path) }
        #expect(paths == ["/slow"] + Array(repeating: "/echo", count: 200) + ["/big"])
        await test.server.shutdown()
    }

    @Test func `a chunked body arrives as one`() async throws {
        let test = try await TestServer()
        let port = test.port
        let answer = try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            try client.send("3\r\nabc\r\n")
            try client.send("4\r\ndefg\r\n0\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(answer.hasSuffix("\r\n\r\nabcdefg"))
        await test.server.shutdown()
    }

    @Test func `a client that asks first is told to continue`() async throws {
        let test = try await TestServer()
        let port = test.port
        let answer = try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
            let first = try client.receive(until: "\r\n\r\n")
            try client.send("ok")
            return first + "|" + (try client.receiveAll())
        }
        #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 200 OK"))
        await test.server.shutdown()
    }

    @Test func `HEAD is answered with the length and without the body`() async throws {
        let test = try await TestServer()
        let port = test.port
        let answer = try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("HEAD /big?count=5000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(answer.contains("\r\nContent-Length: 5000\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
        #expect(test.seen.requests.withLock { $0.first?.method } == "GET")
        await test.server.shutdown()
    }

    @Test func `a line break in a header's value cannot end the header`() async throws {
        let test = try await TestServer()
        let answer = try await test.answer(to: "GET /header?text=a%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.contains("X-Text: a  X-Evil: 1\r\n"))
        await test.server.shutdown()
    }

    @Test func `an upgraded connection carries bytes both ways`() async throws {
        let test = try await TestServer()
        let port = test.port
        let answer = try await offTheLoop {
            let client = try RawClient(port: port)
            // Bytes that come right behind the request belong to the new protocol.
            try client.send("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst")
            let head = try client.receive(until: "first")
            try client.send("second")
            return head + "|" + (try client.receive(until: "second"))
        }
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.contains("\r\nUpgrade: echo\r\n"))
        #expect(answer.hasSuffix("first|second"))
        await test.server.shutdown()
    }

    @Test func `an upgrade that nobody asked for is refused`() async throws {
        let test = try await TestServer()
        let answer = try await test.answer(to: "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        await test.server.shutdown()
    }

    @Test func `a handler hears that its client is gone`() async throws {
        let test = try await TestServer()
        let port = test.port
        try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        }
        #expect(try await eventually { test.seen.cancelledCount.load(ordering: .relaxed) == 1 })
        await test.server.shutdown()
    }
}

extension String {
    func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}

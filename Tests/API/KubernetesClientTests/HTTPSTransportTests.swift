import APIMachinery
import Glibc
import HTTPClient
import HTTPServer
import KubernetesAPI
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import KubernetesClient

@Suite(.timeLimit(.minutes(2))) struct HTTPSTransportTests {
    @Test func `a request arrives as it was made, and its answer comes back`() async throws {
        try await SecureServer.run { request, _ in
            APIResponse(status: 201, headers: ["X-Method": request.method], body: .bytes(request.body))
        } _: { test in
            let body = Array("héllo".utf8)
            let request = APIRequest(
                method: "PATCH", path: "/a%2Fb", query: [.init(name: "x y", value: "ü&=+")], headers: ["X-One": "1"], body: body)
            let response = try await test.transport(token: { "sesame\n" }).send(request)
            #expect(response.status == 201)
            #expect(response.headers["X-Method"] == "PATCH")
            #expect(try await response.body.collect() == body)
            let seen = try #require(test.seen.requests.withLock { $0.first })
            #expect(seen.path == "/a%2Fb")
            #expect(seen.query == request.query)
            #expect(seen.headers["X-One"] == "1")
            #expect(seen.headers["Authorization"] == "Bearer sesame")
            #expect(seen.headers["Host"] == "127.0.0.1:\(test.server.endpoints[0].port)")
        }
    }

    @Test func `a client shows its certificate when it has one`() async throws {
        try await SecureServer.run { _, _ in
            .json([:])
        } _: { test in
            _ = try await test.transport(identity: "client").send(APIRequest(path: "/"))
            _ = try await test.transport().send(APIRequest(path: "/"))
            let peers = test.seen.peers.withLock { $0 }
            #expect(peers[0].certificate != nil)
            #expect(peers[1].certificate == nil)
        }
    }

    /// Host, authority, the client's certificate.
    @Test(
        arguments: [("127.0.0.1", "other-ca.pem", nil), ("127.0.0.2", "ca.pem", nil), ("127.0.0.1", "ca.pem", "stranger")]
            as [(String, String, String?)])
    func `who is not who he should be gets no request, or no answer`(host: String, authority: String, identity: String?) async throws {
        try await SecureServer.run { _, _ in
            .json([:])
        } _: { test in
            let transport = try test.transport(host: host, authority: authority, identity: identity, token: { "secret" })
            let error = await #expect(throws: TransportError.self) { _ = try await transport.send(APIRequest(path: "/")) }
            #expect(test.seen.requestCount == 0)
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test func `connections are used again, also by requests side by side`() async throws {
        try await SecureServer.run { request, _ in
            .json(["path": .string(request.path)])
        } _: { test in
            let transport = try test.transport()
            for _ in 0..<5 { _ = try await transport.send(APIRequest(path: "/")).body.collect() }
            #expect(test.server.connectionCount == 1)
            let paths = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        String(decoding: try await transport.send(APIRequest(path: "/\(number)")).body.collect(), as: UTF8.self)
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(paths == Set((0..<50).map { "{\"path\":\"/\($0)\"}" }))
            #expect(try await eventually { test.server.connectionCount <= 16 })
        }
    }

    @Test func `a server that was started anew is found again`() async throws {
        let certificates = try await TestCertificates()
        let seen = SecureServer.Seen()
        let first = try await SecureServer.start(certificates, seen) { _, _ in .json(["server": 1]) }
        let transport = try first.transport()
        #expect(try await transport.send(APIRequest(path: "/")).body.collect() == Array("{\"server\":1}".utf8))
        await first.server.shutdown()
        await #expect(throws: TransportError.self) { _ = try await transport.send(APIRequest(path: "/")) }
        let endpoints = first.server.endpoints
        let second = try await SecureServer.start(certificates, configured: { $0.endpoints = endpoints }, seen) { _, _ in
            .json(["server": 2])
        }
        #expect(try await transport.send(APIRequest(path: "/")).body.collect() == Array("{\"server\":2}".utf8))
        await second.server.shutdown()
        await certificates.remove()
    }

    @Test func `a large answer comes whole, whether the server compresses or not`() async throws {
        let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try await SecureServer.run { _, _ in
            APIResponse(status: 200, body: .bytes(bytes))
        } _: { test in
            let answer = try await test.transport().send(APIRequest(path: "/")).body.collect()
            #expect(answer == bytes)
        } configured: {
            $0.compressesForLoopback = true
        }
    }

    @Test func `a server that says nothing is given up`() async throws {
        let gate = Gate()
        try await SecureServer.run { request, _ in
            if request.path == "/head" { try? await gate.wait() }
            return APIResponse(status: 200, body: .stream { $0.write([1]) })
        } _: { test in
            let transport = try test.transport(silenceMax: .milliseconds(200))
            let head = await #expect(throws: TransportError.self) { _ = try await transport.send(APIRequest(path: "/head")) }
            #expect(head?.description.contains("silent") == true)
            let body = try await transport.send(APIRequest(path: "/body")).body
            let error = await #expect(throws: TransportError.self) { _ = try await body.collect() }
            #expect(error?.description.contains("silent") == true)
            gate.open()
        }
    }

    @Test func `a server that takes connections and says nothing is given up`() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        var dialer = Dialer(host: "127.0.0.1", port: listener.localAddress?.port ?? 0, tls: try TLSClientContext(trust: .system))
        dialer.timeout = .seconds(1)
        let transport = HTTPSTransport(dialer, authority: "silent")
        let error = await #expect(throws: TransportError.self) { _ = try await transport.send(APIRequest(path: "/")) }
        #expect(error?.description.contains("timeout") == true)
        try await listener.close()
    }

    @Test func `a watch may be silent as long as it was asked for, and no longer`() async throws {
        try await SecureServer.run { _, seen in
            .stream(seen)
        } _: { test in
            let transport = try test.transport(silenceMax: .milliseconds(200))
            var request = APIRequest(path: "/", query: [.init(name: "watch", value: "true")])
            let endless = try await transport.send(request).body
            request.query.append(.init(name: "timeoutSeconds", value: "1"))
            let limited = try await transport.send(request).body
            let error = await #expect(throws: TransportError.self) { _ = try await limited.collect() }
            #expect(error?.description.contains("silent") == true)
            test.seen.streams.withLock { $0.first }?.finish()
            #expect(try await endless.collect() == [])
        }
    }

    @Test func `a request whose task is cancelled ends at once, and its handler hears of it`() async throws {
        let gate = Gate()
        try await SecureServer.run { _, seen in
            do { try await gate.wait() } catch { seen.closedCount.add(1, ordering: .sequentiallyConsistent) }
            return .json([:])
        } _: { test in
            let transport = try test.transport()
            let task = Task { try await transport.send(APIRequest(path: "/")) }
            #expect(try await eventually { gate.waitingCount == 1 })
            task.cancel()
            await #expect(throws: TransportError.self) { _ = try await task.value }
            #expect(try await eventually { test.seen.closedCount.load(ordering: .sequentiallyConsistent) == 1 })
            #expect(try await eventually { test.server.connectionCount == 0 })
        }
    }
}

/// Watches and retries of a client over HTTPS.
@Suite(.timeLimit(.minutes(2))) struct HTTPSClientTests {
    private func map(_ name: String, _ version: Int) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(name), "namespace": "default", "resourceVersion": .string("\(version)")],
        ]
    }

    private func line(_ type: String, _ object: JSONValue) -> [UInt8] {
        (["type": .string(type), "object": object] as JSONValue).serialized(.compact) + [0x0A]
    }

    /// A watch with the first of its events.
    private func watch(_ test: SecureServer) async throws -> (WatchStream<ConfigMap>, any ResponseStream) {
        let stream = try await test.client().resource(ConfigMap.self, namespace: "default").watch(ListOptions())
        let writer = try #require(test.seen.streams.withLock { $0.last })
        writer.write(line("ADDED", map("a", 5)))
        return (stream, writer)
    }

    @Test func `a watch that breaks off within an event says so`() async throws {
        try await SecureServer.run { _, seen in
            .stream(seen)
        } _: { test in
            let (stream, writer) = try await watch(test)
            var events = stream.makeAsyncIterator()
            guard case .added(let first)? = try await events.next() else { throw TestFailure("no first event") }
            #expect(first.metadata.name == "a")
            writer.write(Array(line("ADDED", map("b", 6)).prefix(20)))
            writer.finish()
            await #expect(throws: ClientError.self) { _ = try await events.next() }
        }
    }

    @Test func `a watch whose server goes ends`() async throws {
        try await SecureServer.run { _, seen in
            .stream(seen)
        } _: { test in
            let (stream, _) = try await watch(test)
            var events = stream.makeAsyncIterator()
            _ = try await events.next()
            await test.server.shutdown()
            #expect(try await events.next() == nil)
        }
    }

    @Test func `a watch that is left before its end frees its connection`() async throws {
        try await SecureServer.run { _, seen in
            .stream(seen)
        } _: { test in
            let (stream, _) = try await watch(test)
            for try await _ in stream { break }
            #expect(try await eventually { test.seen.closedCount.load(ordering: .sequentiallyConsistent) == 1 })
        }
    }

    @Test func `a watch whose reader is cancelled frees its connection`() async throws {
        try await SecureServer.run { _, seen in
            .stream(seen)
        } _: { test in
            let (stream, _) = try await watch(test)
            let first = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for try await _ in stream { first.open() } }
                try await first.wait()
                group.cancelAll()
            }
            #expect(try await eventually { test.seen.closedCount.load(ordering: .sequentiallyConsistent) == 1 })
        }
    }

    @Test func `a server that says when to come back is asked again then`() async throws {
        let time = ManualTime()
        try await SecureServer.run { [map = map("a", 1)] _, seen in
            seen.requestCount < 3 ? .json([:], status: seen.requestCount == 1 ? 429 : 503, headers: ["Retry-After": "7"]) : .json(map)
        } _: { test in
            let client = try test.client(time: time)
            async let object = client.resource(ConfigMap.self, namespace: "default").get("a")
            for count in 1...2 {
                await time.waitForSleepers(1)
                time.advance(by: .seconds(6))
                #expect(test.seen.requestCount == count)
                time.advance(by: .seconds(1))
            }
            #expect(try await object.metadata.name == "a")
            #expect(test.seen.requestCount == 3)
        }
    }

    /// Status, `Retry-After`, the status's own seconds, and what the error says.
    @Test(
        arguments: [(429, nil, 3, 3), (503, nil, nil, nil), (500, "0", nil, nil), (429, "3600", nil, 3600), (404, "1", nil, nil)]
            as [(Int, String?, Int64?, Int64?)])
    func `a refusal is told with the time to wait`(code: Int, header: String?, seconds: Int64?, expected: Int64?) async throws {
        var status: JSONValue = ["kind": "Status", "apiVersion": "v1", "status": "Failure", "code": .integer(Int64(code)), "message": "no"]
        if let seconds { status["details"] = ["retryAfterSeconds": .integer(seconds)] }
        var headers = HTTPHeaders()
        if let header { headers["Retry-After"] = header }
        let answer = APIResponse.json(status, status: code, headers: headers)
        try await SecureServer.run { _, _ in
            answer
        } _: { test in
            let maps = try test.client().resource(ConfigMap.self, namespace: "default")
            let error = await #expect(throws: ClientError.self) { _ = try await maps.get("a") }
            #expect(error?.status?.code == Int32(code))
            #expect(error?.status?.message == "no")
            #expect(error?.retryAfter == expected.map { .seconds($0) })
            // Nought seconds: at once, ten times in all.
            #expect(test.seen.requestCount == (header == "0" ? 10 : 1))
        }
    }

    @Test func `an answer that is no Status is told as it is`() async throws {
        try await SecureServer.run { _, _ in
            APIResponse(status: 502, body: .bytes(Array("<html>bad gateway</html>".utf8)))
        } _: { test in
            let maps = try test.client().resource(ConfigMap.self, namespace: "default")
            let error = await #expect(throws: ClientError.self) { _ = try await maps.get("a") }
            #expect(error?.isTemporary == true)
            #expect(error?.description.contains("bad gateway") == true)
        }
    }

    @Test func `a list whose revision is gone between two pieces is read at once instead`() async throws {
        let (a, b) = (map("a", 1), map("b", 2))
        func list(_ items: [JSONValue], continue token: String) -> JSONValue {
            [
                "apiVersion": "v1", "kind": "ConfigMapList", "metadata": ["resourceVersion": "9", "continue": .string(token)],
                "items": .array(items),
            ]
        }
        let (first, whole) = (list([a], continue: "next"), list([a, b], continue: ""))
        let gone = Status(code: 410, reason: .expired, message: "too old").json
        try await SecureServer.run { request, _ in
            if request.parameter("continue") != nil { return .json(gone, status: 410) }
            return .json(request.parameter("limit") == nil ? whole : first)
        } _: { test in
            let all = try await test.client().resource(ConfigMap.self, namespace: "default").listAll(pageSize: 1)
            #expect(all.items.map(\.metadata.name) == ["a", "b"])
        }
    }
}

import APIMachinery
import Glibc
import HTTPServer
import Synchronization
import TestSupport

/// A server with a handler that shows what it got.
final class TestServer: Sendable {
    let server: HTTPServer
    let seen: Seen
    var port: Int { server.endpoints[0].port }

    /// What the handler saw, for tests to look at.
    final class Seen: Sendable {
        let requests = Mutex<[APIRequest]>([])
        let cancelledCount = Atomic<Int>(0)
        let closedStreamCount = Atomic<Int>(0)
        let refusedWriteCount = Atomic<Int>(0)
        let streams = Mutex<[any ResponseStream]>([])
        /// What `/slow` waits for.
        let gate = Gate()
    }

    init(tls: TLSIdentity? = nil, _ change: (inout HTTPServerConfiguration) -> Void = { _ in }) async throws {
        var configuration = HTTPServerConfiguration(endpoints: [.init(host: "127.0.0.1", port: 0)], tls: tls)
        configuration.timeouts.shutdown = .seconds(2)
        change(&configuration)
        let seen = Seen()
        self.seen = seen
        server = try await HTTPServer.start(configuration) { await Self.answer($0, $1, seen) }
    }

    /// Sends bytes over a connection of their own, and gives back what comes until it is closed.
    func answer(to text: String) async throws -> String {
        let port = port
        return try await offTheLoop {
            let client = try RawClient(port: port)
            try client.send(text)
            return try client.receiveAll()
        }
    }

    private static func answer(_ request: APIRequest, _ peer: Peer, _ seen: Seen) async -> APIResponse {
        seen.requests.withLock { $0.append(request) }
        let count = request.parameter("count").flatMap { Int($0) } ?? 0
        switch request.path {
        case "/echo": return APIResponse(status: 200, body: .bytes(request.body))
        case "/length": return APIResponse(status: 200, body: .bytes(Array("\(request.body.count)".utf8)))
        case "/who": return APIResponse(status: 200, body: .bytes(peer.certificate ?? []))
        case "/big":
            return APIResponse(status: 200, body: .parts(Array(repeating: Array(repeating: 0x61, count: 1000), count: count / 1000)))
        case "/slow":
            do { try await seen.gate.wait() } catch { seen.cancelledCount.add(1, ordering: .relaxed) }
            return APIResponse(status: 200, body: .bytes(Array("late".utf8)))
        case "/stream":
            return APIResponse(
                status: 200,
                body: .stream { stream in
                    for number in 0..<count { stream.write(Array("line \(number)\n".utf8)) }
                    stream.finish()
                })
        case "/watch":
            return APIResponse(
                status: 200,
                body: .stream { stream in
                    stream.onClose { seen.closedStreamCount.add(1, ordering: .relaxed) }
                    stream.write(Array("begun\n".utf8))
                    seen.streams.withLock { $0.append(stream) }
                })
        case "/upgrade":
            return APIResponse(
                status: 101, headers: ["Connection": "Upgrade", "Upgrade": "echo"],
                body: .upgrade { connection in
                    Task {
                        while let bytes = try await connection.read() { try await connection.write(bytes) }
                        connection.close()
                    }
                })
        case "/header": return APIResponse(status: 200, headers: ["X-Text": request.parameter("text") ?? ""])
        default: return APIResponse(status: 404, body: .bytes(Array("no \(request.path)".utf8)))
        }
    }
}

extension TestCertificates {
    func identity() throws -> TLSIdentity {
        TLSIdentity(
            certificateChain: try text("server.pem"), privateKey: try text("server.key"), clientAuthorities: try text("ca.pem"))
    }
}

import APIMachinery
import Glibc
import HTTPServer
import Synchronization

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
    }

    init(tls: TLSIdentity? = nil, _ change: (inout HTTPServerConfiguration) -> Void = { _ in }) async throws {
        var configuration = HTTPServerConfiguration(endpoints: [.init(host: "127.0.0.1", port: 0)], tls: tls)
        configuration.timeouts.shutdown = .seconds(2)
        change(&configuration)
        let seen = Seen()
        self.seen = seen
        server = try await HTTPServer.start(configuration) { await Self.answer($0, $1, seen) }
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
            do { try await Task.sleep(for: .milliseconds(count)) } catch { seen.cancelledCount.add(1, ordering: .relaxed) }
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

/// Waits until something holds; false when it does not within ten seconds.
func eventually(_ condition: @Sendable () -> Bool) async throws -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// Keys and certificates of a test, made by openssl in a folder that goes with it.
struct TestCertificates {
    let folder: String

    init() async throws {
        folder = "/tmp/swiftlet-http-\(UInt64.random(in: 0..<UInt64.max))"
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        let made = try await shell(
            """
            mkdir -p \(folder) && cd \(folder) && \
            openssl req -x509 \(key) -keyout ca.key -out ca.pem -subj /CN=ca && \
            openssl req -x509 \(key) -keyout other-ca.key -out other-ca.pem -subj /CN=other && \
            openssl req -x509 \(key) -keyout server.key -out server.pem -subj /CN=server -CA ca.pem -CAkey ca.key \
              -addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE && \
            openssl req -x509 \(key) -keyout client.key -out client.pem -subj /O=readers/CN=jane -CA ca.pem -CAkey ca.key \
              -addext basicConstraints=critical,CA:FALSE && \
            openssl req -x509 \(key) -keyout stranger.key -out stranger.pem -subj /CN=eve -CA other-ca.pem -CAkey other-ca.key \
              -addext basicConstraints=critical,CA:FALSE
            """)
        guard made.status == 0 else { throw Failure(output: made.output) }
    }

    struct Failure: Error { let output: String }

    func text(_ file: String) throws -> String {
        guard let stream = fopen("\(folder)/\(file)", "r") else { throw Failure(output: "open \(file): \(errno)") }
        defer { fclose(stream) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = fread(&buffer, 1, buffer.count, stream)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    func identity() throws -> TLSIdentity {
        TLSIdentity(
            certificateChain: try text("server.pem"), privateKey: try text("server.key"), clientAuthorities: try text("ca.pem"))
    }

    func remove() async { _ = try? await shell("rm -r \(folder)") }
}

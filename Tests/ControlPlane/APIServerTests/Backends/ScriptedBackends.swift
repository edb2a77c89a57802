import APIMachinery
import APIServer
import Synchronization
import Testing

/// Backends that are functions, and what they were asked.
final class ScriptedBackends: BackendConnector {
    typealias Script = @Sendable (BackendRequest) throws(BackendError) -> BackendAnswer
    private let script: Script
    private let made = Mutex<[BackendRequest]>([])

    init(_ script: @escaping Script) { self.script = script }

    var requests: [BackendRequest] { made.withLock { $0 } }

    func send(_ request: BackendRequest) async throws(BackendError) -> BackendAnswer {
        made.withLock { $0.append(request) }
        return try script(request)
    }

    static func answer(_ status: Int, _ body: [String] = [], headers: HTTPHeaders = [:]) -> Script {
        { _ throws(BackendError) in
            let connection = PipeEnd()
            for part in body { connection.arrive(Array(part.utf8)) }
            connection.end()
            return BackendAnswer(status: status, headers: headers, connection: connection)
        }
    }
}

/// A connection of which a test holds the other end.
final class PipeEnd: RawConnection {
    private struct State {
        var written: [UInt8] = []
        var isClosed = false
    }
    private let state = Mutex(State())
    private let incoming: AsyncStream<[UInt8]>
    private let source: AsyncStream<[UInt8]>.Continuation

    init() { (incoming, source) = AsyncStream.makeStream(of: [UInt8].self) }

    func arrive(_ bytes: [UInt8]) { source.yield(bytes) }
    func end() { source.finish() }

    func read() async throws -> [UInt8]? {
        for await bytes in incoming { return bytes }
        try Task.checkCancellation()
        return nil
    }
    func write(_ bytes: [UInt8]) async throws { state.withLock { $0.written += bytes } }
    func close() {
        state.withLock { $0.isClosed = true }
        end()
    }

    var written: String { String(decoding: state.withLock { $0.written }, as: UTF8.self) }
    var isClosed: Bool { state.withLock { $0.isClosed } }
}

/// A server with a node and pods, whose backends are scripted.
struct BackendServer {
    static let pods = "/api/v1/namespaces/default/pods"
    let server: APIServer
    let backends: ScriptedBackends
    private let test: TestServer

    init(_ script: @escaping ScriptedBackends.Script = ScriptedBackends.answer(200)) async throws {
        let backends = ScriptedBackends(script)
        self.backends = backends
        test = try await TestServer(usesPlainRules: false) { $0.backends = backends }
        server = test.server
        try await test.create("/api/v1/nodes", ["metadata": ["name": "n1"]])
        try await setStatus(
            "/api/v1/nodes/n1",
            [
                "addresses": [["type": "Hostname", "address": "n1"], ["type": "InternalIP", "address": "10.0.0.7"]],
                "daemonEndpoints": ["kubeletEndpoint": ["Port": 10255]],
            ])
        try await makePod("one", node: "n1", ["a"])
        try await makePod("two", node: "n1", ["a", "b"], initial: ["i"])
        try await makePod("loose", node: nil, ["a"])
    }

    func makePod(_ name: String, node: String?, _ containers: [String], initial: [String] = [], port: Int64? = nil) async throws {
        func container(_ name: String) -> JSONValue {
            var container: JSONValue = ["name": .string(name), "image": "busybox:1"]
            if let port { container["ports"] = [["containerPort": .integer(port)]] }
            return container
        }
        var spec: JSONValue = ["containers": .array(containers.map(container))]
        if !initial.isEmpty { spec["initContainers"] = .array(initial.map(container)) }
        if let node { spec["nodeName"] = .string(node) }
        try await test.create(Self.pods, ["metadata": ["name": .string(name)], "spec": spec])
    }

    func create(_ target: String, _ body: JSONValue) async throws { try await test.create(target, body) }

    func setStatus(_ target: String, _ status: JSONValue) async throws {
        let answer = await test.send(
            "PATCH", target + "/status", ["status": status], headers: ["Content-Type": "application/merge-patch+json"])
        #expect(answer.status == 200, "\(answer.text)")
    }

    func send(_ method: String, _ target: String, headers: HTTPHeaders = [:], text: String? = nil) async -> APIResponse {
        var request = APIRequest(target: target)
        request.method = method
        request.headers = headers
        request.body = Array((text ?? "").utf8)
        return await server.handle(request, from: Caller(user: Caller.system.user, remoteAddress: "192.0.2.1"))
    }

    /// The whole body of an answer that is streamed.
    func body(of response: APIResponse) async -> String {
        guard case .stream(let start) = response.body else { return response.text }
        let reader = ByteReader()
        start(reader)
        return await reader.text()
    }
}

/// Reads a streamed body to its end.
final class ByteReader: ResponseStream {
    private let bytes = Mutex<[UInt8]>([])
    private let ended: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    init() { (ended, end) = AsyncStream.makeStream() }

    func write(_ more: [UInt8]) -> Bool {
        bytes.withLock { $0 += more }
        return true
    }
    func finish() { end.finish() }
    func onClose(_ body: @escaping @Sendable () -> Void) {}

    func text() async -> String {
        for await _ in ended {}
        return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    }
}

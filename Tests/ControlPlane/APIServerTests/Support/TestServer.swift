import APIMachinery
import APIServer
import KubernetesAPI
import Storage
import Synchronization
import TestSupport
import Testing

/// A server in memory, and short ways to ask it.
struct TestServer {
    let server: APIServer
    let storage: MemoryStorage

    /// - Parameter usesPlainRules: Of every kind only the least is known.
    init(
        usesPlainRules: Bool = true, admission: [any AdmissionPlugin] = [NamespaceLifecycle()], storage: MemoryStorage = MemoryStorage(),
        _ configure: (inout APIServer.Configuration) -> Void = { _ in }
    ) async throws {
        self.storage = storage
        var configuration = APIServer.Configuration(admission: admission)
        if usesPlainRules { configuration.strategy = { PlainStrategy(kind: $0) } }
        configure(&configuration)
        server = try await APIServer(storage: storage, configuration: configuration)
        for name in ["default", "kube-system"] {
            try await create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        }
    }

    func send(
        _ method: String, _ target: String, _ body: JSONValue? = nil, headers: HTTPHeaders = [:], text: String? = nil
    ) async -> APIResponse {
        var request = APIRequest(target: target)
        request.method = method
        request.headers = headers
        if let body { request.body = body.serialized() }
        if let text { request.body = Array(text.utf8) }
        return await server.handle(request, from: .system)
    }

    func json(_ method: String, _ target: String, _ body: JSONValue? = nil, headers: HTTPHeaders = [:]) async throws -> JSONValue {
        try await send(method, target, body, headers: headers).json
    }

    @discardableResult
    func create(_ target: String, _ body: JSONValue) async throws -> JSONValue {
        let response = await send("POST", target, body)
        #expect(response.status == 201, "\(response.text)")
        return try response.json
    }

    /// Opens a watch.
    func watch(_ target: String, headers: HTTPHeaders = [:], limitBytes: Int = .max) async throws -> EventReader {
        let response = await send("GET", target, headers: headers)
        let reader = EventReader(limitBytes: limitBytes)
        guard case .stream(let start) = response.body else {
            Issue.record("no stream: \(response.status) \(response.text)")
            reader.finish()
            return reader
        }
        start(reader)
        return reader
    }
}

extension APIRequest {
    /// - Parameter target: A path with its query.
    init(target: String) {
        let parts = target.split(separator: "?", maxSplits: 1)
        self.init(path: parts.isEmpty ? "/" : String(parts[0]))
        guard parts.count > 1 else { return }
        query = parts[1].split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Parameter(
                name: PercentEncoding.decoded(sides[0], plusIsSpace: true) ?? "",
                value: sides.count > 1 ? PercentEncoding.decoded(sides[1], plusIsSpace: true) ?? "" : "")
        }
    }
}

extension APIResponse {
    var bytes: [UInt8] {
        switch body {
        case .bytes(let bytes): bytes
        case .parts(let parts): Array(parts.joined())
        case .stream, .upgrade: []
        }
    }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue { get throws { try JSONValue(parsing: bytes) } }
}

/// Reads the events of a watch.
final class EventReader: ResponseStream {
    private struct State {
        var bytes: [UInt8] = []
        var writeCount = 0
        var isFinished = false
        var onClose: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())
    private let limitBytes: Int

    /// - Parameter limitBytes: Beyond it the reader counts as too slow.
    init(limitBytes: Int = .max) { self.limitBytes = limitBytes }

    func write(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            guard !state.isFinished, state.bytes.count < limitBytes else { return false }
            state.bytes += bytes
            state.writeCount += 1
            return true
        }
    }

    func finish() { close() }

    func close() {
        let body = state.withLock { state in
            state.isFinished = true
            defer { state.onClose = nil }
            return state.onClose
        }
        body?()
    }

    func onClose(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isFinished { state.onClose = body }
            return state.isFinished
        }
        if isOver { body() }
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }
    var events: [JSONValue] {
        state.withLock { $0.bytes }.split(separator: 0x0a).compactMap { try? JSONValue(parsing: Array($0)) }
    }

    /// Waits until so many events have come, the stream has ended, or a few seconds have passed.
    func events(_ count: Int, seconds: Int = 10) async -> [JSONValue] {
        _ = try? await eventually(within: .seconds(seconds)) { lineCount >= count || isFinished }
        return events
    }

    func waitForEnd(seconds: Int = 10) async -> Bool { (try? await eventually(within: .seconds(seconds)) { isFinished }) ?? isFinished }

    private var lineCount: Int { state.withLock { $0.bytes.count { $0 == 0x0A } } }
}

extension JSONValue {
    /// `TYPE name`, for comparing sequences of events.
    var eventText: String { "\(self["type"]?.stringValue ?? "?") \(self["object"]?["metadata"]?["name"]?.stringValue ?? "-")" }
    subscript(path path: String) -> JSONValue? { path.split(separator: ".").reduce(self as JSONValue?) { $0?[String($1)] } }
}

func configMap(_ name: String, labels: JSONValue? = nil, data: JSONValue = ["a": "1"]) -> JSONValue {
    var metadata: JSONValue = ["name": .string(name)]
    metadata["labels"] = labels
    return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data]
}

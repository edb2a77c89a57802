import HTTPClient
import APIMachinery
import KubernetesClient
import Synchronization

/// Writes down what passes, and can break off all that comes after a number of writes, as the end of the process would.
final class RecordingTransport: Sendable {
    struct Write: Sendable {
        var user: String
        var method: String
        var path: String
        var body: JSONValue?
        var status: Int
        var answer: JSONValue?

        /// `PUT replicasets x-1/status`.
        var text: String {
            let parts = path.split(separator: "/").map { String($0) }
            guard let at = parts.firstIndex(of: "namespaces"), parts.count > at + 2 else { return "\(method) \(path)" }
            let name = parts.count > at + 3 ? parts[at + 3] : answer?["metadata"]?["name"]?.stringValue ?? ""
            let sub = parts.count > at + 4 ? "/\(parts[at + 4])" : ""
            return "\(method) \(parts[at + 2]) \(name)\(sub)"
        }
    }
    private struct State {
        var writes: [Write] = []
        var remaining: Int?
    }
    private let state = Mutex(State())
    private let inner: @Sendable (APIRequest, String) async throws(TransportError) -> TransportResponse

    init(_ inner: @escaping @Sendable (APIRequest, String) async throws(TransportError) -> TransportResponse) { self.inner = inner }

    var writes: [Write] { state.withLock { $0.writes } }
    /// Lets so many more writes through.
    func cut(after count: Int?) { state.withLock { $0.remaining = count } }
    var isCut: Bool { state.withLock { $0.remaining == 0 } }

    func client(user: String) -> Client {
        Client(transport: As(user: user, recorder: self), userAgent: "tests")
    }

    private struct As: Transport {
        let user: String
        let recorder: RecordingTransport
        func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse { try await recorder.send(request, user) }
    }

    func send(_ request: APIRequest, _ user: String) async throws(TransportError) -> TransportResponse {
        let isWrite = request.method != "GET"
        // Events tell what was done; they don't make it so.
        let isEvent = request.path.contains("/events")
        let mayPass = state.withLock { state in
            guard isWrite, !isEvent, let remaining = state.remaining else { return true }
            if remaining > 0 { state.remaining = remaining - 1 }
            return remaining > 0
        }
        guard mayPass else { throw TransportError("cut") }
        let response = try await inner(request, user)
        guard isWrite, !isEvent else { return response }
        let bytes: [UInt8]
        do { bytes = try await response.body.collect() } catch { throw TransportError("\(error)") }
        let write = Write(
            user: user, method: request.method, path: request.path, body: try? JSONValue(parsing: request.body), status: response.status,
            answer: try? JSONValue(parsing: bytes))
        state.withLock { $0.writes.append(write) }
        return TransportResponse(status: response.status, headers: response.headers, body: ByteStream([bytes]))
    }
}

import APIMachinery
import HTTPClient
import KubernetesClient
import Synchronization

/// The way from components to the API server, with what may happen on it: a conflict with somebody else's write, an answer that is late, a
/// watch that breaks, and the end of the process at a write.
final class FaultyTransport: Sendable {
    struct Faults: Sendable {
        /// Of a hundred writes so many meet a conflict.
        var conflicts = 0
        /// Whose requests take so long.
        var slow: [String: Duration] = [:]
        /// So many more writes pass; what comes after it is lost, reads too. nil: all pass.
        var writesLeft: Int?
    }
    private struct State {
        var faults = Faults()
        var random: SeededRandom
        var watches: [ByteStream] = []
        var writes: [String] = []
    }
    private let state: Mutex<State>
    private let inner: @Sendable (APIRequest) async -> APIResponse
    private let time: SimulatedTime

    init(seed: UInt64, time: SimulatedTime, _ inner: @escaping @Sendable (APIRequest) async -> APIResponse) {
        state = Mutex(State(random: SeededRandom(seed: seed)))
        self.inner = inner
        self.time = time
    }

    /// Who wrote what with success, in order: `user POST /api/v1/…`.
    var writes: [String] { state.withLock { $0.writes } }
    var isCut: Bool { state.withLock { $0.faults.writesLeft == 0 } }

    func change(_ body: (inout Faults) -> Void) { state.withLock { body(&$0.faults) } }

    /// Breaks one of the open watches.
    func loseWatch() {
        let stream = state.withLock { state -> ByteStream? in
            guard !state.watches.isEmpty else { return nil }
            return state.watches.remove(at: Int.random(in: 0..<state.watches.count, using: &state.random))
        }
        stream?.fail(TransportError("the connection was lost"))
    }

    func client(_ user: String) -> Client { Client(transport: Way(user: user, all: self), userAgent: user, time: time) }

    private struct Way: Transport {
        let user: String
        let all: FaultyTransport
        func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse { try await all.send(request, user) }
    }

    private func send(_ request: APIRequest, _ user: String) async throws(TransportError) -> TransportResponse {
        // Events tell what was done; they don't make it so.
        let isWrite = request.method != "GET" && !request.path.contains("/events")
        let (isLost, isRefused, delay) = state.withLock { state -> (Bool, Bool, Duration?) in
            let delay = state.faults.slow[user]
            if let left = state.faults.writesLeft, !user.hasPrefix("system:node:") {
                if left == 0 { return (true, false, delay) }
                if isWrite { state.faults.writesLeft = left - 1 }
            }
            let mayConflict = ["PUT", "PATCH"].contains(request.method) && isWrite && state.faults.conflicts > 0
            return (false, mayConflict && Int.random(in: 0..<100, using: &state.random) < state.faults.conflicts, delay)
        }
        if isLost { throw TransportError("the process has ended") }
        if let delay { try? await time.sleep(until: time.now + delay) }
        if isRefused { return Self.conflict }
        let response = try await DirectTransport(inner).send(request)
        note(request, user, response, isWrite: isWrite)
        return response
    }

    private func note(_ request: APIRequest, _ user: String, _ response: TransportResponse, isWrite: Bool) {
        state.withLock { state in
            if isWrite, response.status < 300 { state.writes.append("\(user) \(request.method) \(request.path)") }
            if request.query.contains(where: { $0.name == "watch" }), response.status == 200 { state.watches.append(response.body) }
        }
    }

    private static var conflict: TransportResponse {
        let status = Status(
            code: 409, reason: .conflict, message: "the object has been modified; please apply your changes to the latest version")
        return TransportResponse(status: 409, headers: HTTPHeaders(), body: ByteStream([status.json.serialized(.compact)]))
    }
}

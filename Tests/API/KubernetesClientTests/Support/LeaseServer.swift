import APIMachinery
import KubernetesAPI
import KubernetesClient
import Synchronization
import TestSupport

/// One Lease that is read and written over the wire's forms with optimistic locking, for candidates that are cut off one by one.
final class LeaseServer: Sendable {
    private struct State {
        var revision: Int64 = 1
        var lease: Lease?
        /// User agents whose requests hang until they are cancelled.
        var hanging: Set<String> = []
        /// User agents whose requests fail.
        var refused: Set<String> = []
        var requestCount = 0
        var writes: [String] = []
    }
    private let state = Mutex(State())
    private let never = Gate()

    /// A client whose requests carry the candidate's name.
    func client(_ candidate: String) -> Client { Client(transport: DirectTransport { await self.handle($0) }, userAgent: candidate) }

    var holder: String? { state.withLock { $0.lease?.spec.holderIdentity } }
    var transitions: Int32? { state.withLock { $0.lease?.spec.leaseTransitions } }
    var requestCount: Int { state.withLock { $0.requestCount } }
    /// The holders in the order of the writes, each only once in a row.
    var holders: [String] { state.withLock { $0.writes } }

    func hang(_ candidate: String) { state.withLock { _ = $0.hanging.insert(candidate) } }
    func refuse(_ candidate: String) { state.withLock { _ = $0.refused.insert(candidate) } }

    /// Somebody else writes the lease.
    func set(holder: String) {
        state.withLock { state in
            state.revision += 1
            state.lease?.spec.holderIdentity = holder
            state.lease?.metadata.resourceVersion = "\(state.revision)"
        }
    }

    private func handle(_ request: APIRequest) async -> APIResponse {
        let name = request.headers["User-Agent"] ?? ""
        let (hangs, isRefused) = state.withLock { state in
            state.requestCount += 1
            return (state.hanging.contains(name), state.refused.contains(name))
        }
        if hangs { try? await never.wait() }
        if hangs || isRefused { return answer(Status(code: 503, reason: .serviceUnavailable, message: "cut off")) }
        switch request.method {
        case "GET":
            guard let lease = state.withLock({ $0.lease }) else {
                return answer(.notFound(resource: "leases", group: "coordination.k8s.io", name: "work"))
            }
            return APIResponse(status: 200, body: .bytes(lease.json.serialized(.compact)))
        case "POST", "PUT": return write(request)
        default: return answer(Status(code: 405, reason: .methodNotAllowed, message: request.method))
        }
    }

    private func write(_ request: APIRequest) -> APIResponse {
        guard let json = try? JSONValue(parsing: request.body), var lease = Lease.decode(json, options: .lenient).object else {
            return answer(.badRequest("no lease"))
        }
        return state.withLock { state in
            let known = request.method == "PUT" ? lease.metadata.resourceVersion : nil
            guard lease.spec.holderIdentity != "" else {
                return answer(Status(code: 422, reason: .invalid, message: "spec.holderIdentity: Required value: must not be empty"))
            }
            guard known == state.lease?.metadata.resourceVersion else {
                return answer(.conflict(resource: "leases", group: "coordination.k8s.io", name: "work", "it has been modified"))
            }
            state.revision += 1
            lease.metadata.resourceVersion = "\(state.revision)"
            state.lease = lease
            let holder = lease.spec.holderIdentity ?? ""
            if state.writes.last != holder { state.writes.append(holder) }
            return APIResponse(status: 200, body: .bytes(lease.json.serialized(.compact)))
        }
    }

    private func answer(_ status: Status) -> APIResponse {
        APIResponse(status: Int(status.code), body: .bytes(status.json.serialized(.compact)))
    }
}

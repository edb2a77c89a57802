internal import APIMachinery
import Synchronization

/// How long a request may take: what its query asks for, but at most what the server allows.
struct RequestTimeout: Sendable {
    let limit: Duration
    /// Asked for by the client: then even an answer that is ready comes too late.
    let isExplicit: Bool

    /// - Throws: 400 for a text that is no duration.
    init(_ request: APIRequest, maximum: Duration) throws(Status) {
        guard let text = request.parameter("timeout"), !text.isEmpty else {
            (limit, isExplicit) = (maximum, false)
            return
        }
        if let problem = GoDuration.problem(text) { throw .badRequest("invalid timeout specified in the request URL - \(problem)") }
        let asked = GoDuration.value(text) ?? .zero
        // Zero asks for none of its own.
        limit = asked > .zero ? min(asked, maximum) : maximum
        isExplicit = asked > .zero
    }

    static let status = Status(
        code: 504, reason: .timeout, message: "Timeout: request did not complete within the allotted timeout", details: Status.Details())

    /// Does the work, or gives up waiting for it. Work that is given up is cancelled; a write that has gone to the store already takes
    /// effect all the same, as with any connection that breaks.
    func run(
        _ deadlines: RequestDeadlines, on executor: (any TaskExecutor)?,
        _ work: @escaping @Sendable () async -> Result<APIResponse, Status>
    ) async throws(Status) -> APIResponse {
        let start = ContinuousClock.now
        let first = FirstResult()
        let working = Task(executorPreference: executor) { first.resolve(await work()) }
        let deadline = deadlines.add(limit) {
            first.resolve(.failure(Self.status))
            working.cancel()
        }
        let result = await withTaskCancellationHandler {
            await first.value
        } onCancel: {
            working.cancel()
        }
        deadlines.remove(deadline)
        if isExplicit, ContinuousClock.now - start > limit { throw Self.status }
        return try result.get()
    }
}

/// Takes the first of several results.
private final class FirstResult: Sendable {
    private enum State {
        case open(CheckedContinuation<Result<APIResponse, Status>, Never>?)
        case resolved(Result<APIResponse, Status>)
    }
    private let state = Mutex(State.open(nil))

    func resolve(_ result: Result<APIResponse, Status>) {
        let waiter = state.withLock { state -> CheckedContinuation<Result<APIResponse, Status>, Never>? in
            guard case .open(let waiter) = state else { return nil }
            state = .resolved(result)
            return waiter
        }
        waiter?.resume(returning: result)
    }

    var value: Result<APIResponse, Status> {
        get async {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> Result<APIResponse, Status>? in
                    if case .resolved(let result) = state { return result }
                    state = .open(continuation)
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        }
    }
}

internal import Dispatch
internal import Storage
internal import Synchronization

/// The writes that wait for the one writer. What arrives while a commit is on its way to the disk goes into the next one together.
final class CommitQueue: Sendable {
    /// Commits requests together; one result for each.
    typealias Commit = @Sendable ([WriteRequest]) -> [Result<Int64, StorageError>]

    /// A commit's size, so that the first of many waiters need not wait for all.
    static let batchCountMax = 512
    static let batchBytesMax = 4 << 20

    private struct Pending {
        var request: WriteRequest
        var continuation: CheckedContinuation<Result<Int64, StorageError>, Never>
    }
    private struct State {
        var pending: [Pending] = []
        /// Whether a batch is being committed or about to be.
        var isScheduled = false
        var isClosed = false
    }
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "swiftlet.store.writer")
    private let commit: Commit

    init(commit: @escaping Commit) { self.commit = commit }

    /// - Returns: The write's revision, when it is durable.
    func submit(_ request: WriteRequest) async throws(StorageError) -> Int64 {
        let result = await withCheckedContinuation { continuation in
            let mustSchedule = state.withLock { state -> Bool? in
                guard !state.isClosed else { return nil }
                state.pending.append(Pending(request: request, continuation: continuation))
                defer { state.isScheduled = true }
                return !state.isScheduled
            }
            guard let mustSchedule else { return continuation.resume(returning: .failure(.closed)) }
            if mustSchedule { queue.async { self.commitBatch() } }
        }
        return try result.get()
    }

    /// Commits deletions that the store makes by itself.
    ///
    /// - Returns: Those that could not be written. One whose precondition no longer holds is not among them.
    func submit(_ requests: [WriteRequest]) async -> [WriteRequest] {
        await run {
            zip(requests, self.commit(requests)).compactMap { request, result in
                switch result {
                case .success, .failure(.conflict): nil
                case .failure: request
                }
            }
        }
    }

    /// Runs something else on the writer's thread, between commits.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: body()) } }
    }

    /// Takes no more writes and returns when the last is done.
    func close() async {
        state.withLock { $0.isClosed = true }
        while await run({ self.state.withLock { $0.isScheduled } }) {}
    }

    /// One batch at a time, so that other work of the queue has its turn between two.
    private func commitBatch() {
        let batch = state.withLock { Self.takeBatch(&$0.pending) }
        let results = commit(batch.map(\.request))
        for (pending, result) in zip(batch, results) { pending.continuation.resume(returning: result) }
        let isMore = state.withLock { state in
            state.isScheduled = !state.pending.isEmpty
            return state.isScheduled
        }
        if isMore { queue.async { self.commitBatch() } }
    }

    private static func takeBatch(_ pending: inout [Pending]) -> [Pending] {
        var bytes = 0
        let batch = pending.prefix(batchCountMax).prefix { pending in
            defer { bytes += pending.request.sizeBytes }
            return bytes < batchBytesMax
        }
        defer { pending.removeFirst(batch.count) }
        return Array(batch)
    }
}

extension WriteRequest {
    fileprivate var sizeBytes: Int {
        guard case .put(let value, _) = change else { return key.utf8.count }
        return key.utf8.count + value.count
    }
}

internal import LinuxSystem
internal import Synchronization

/// Work that nobody waits for: what a removed pod leaves in the kernel and on the disk.
///
/// Everything put here must be found again by `recover` when the process ends before it was done, and doing it twice must be harmless.
final class CleanupQueue: Sendable {
    private struct State {
        var jobs: [Job] = []
        /// Sandboxes that something is being done for.
        var busy: Set<String> = []
        var workers = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private struct Job: Sendable {
        var sandbox: String
        var name: String
        var run: @Sendable () throws -> Void
    }
    /// Few: clean-up shall not take the threads from those who wait for their pods.
    private static let workersMax = 4
    private let state = Mutex(State())
    private let executor: BlockingExecutor
    private let report: @Sendable (String) -> Void

    init(executor: BlockingExecutor, report: @escaping @Sendable (String) -> Void) {
        self.executor = executor
        self.report = report
    }

    /// - Parameters:
    ///   - sandbox: Whose remains they are: what is put here for one sandbox is done in order.
    ///   - name: What is done, for the report of a failure.
    func add(for sandbox: String, _ name: String, _ run: @escaping @Sendable () throws -> Void) {
        let mustStart = state.withLock { state in
            state.jobs.append(Job(sandbox: sandbox, name: name, run: run))
            guard state.workers < Self.workersMax else { return false }
            state.workers += 1
            return true
        }
        if mustStart { Task { await work() } }
    }

    /// Waits until nothing is left to do.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.workers > 0 { state.waiters.append(continuation) }
                return state.workers == 0
            }
            if isIdle { continuation.resume() }
        }
    }

    private func work() async {
        while let job = next() {
            try? await executor.run { [report] in
                do { try job.run() } catch { report("\(job.name): \(error)") }
            }
            state.withLock { _ = $0.busy.remove(job.sandbox) }
        }
    }

    private func next() -> Job? {
        let (job, waiters) = state.withLock { state -> (Job?, [CheckedContinuation<Void, Never>]) in
            if let index = state.jobs.firstIndex(where: { !state.busy.contains($0.sandbox) }) {
                let job = state.jobs.remove(at: index)
                state.busy.insert(job.sandbox)
                return (job, [])
            }
            // What is left, if anything, follows upon what another worker is doing: that one will find it.
            state.workers -= 1
            guard state.workers == 0 else { return (nil, []) }
            defer { state.waiters = [] }
            return (nil, state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return job
    }
}

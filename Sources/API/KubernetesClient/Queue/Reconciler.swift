/// Workers over a queue: each key is reconciled by one at a time; a failure brings it back later.
package struct Reconciler<Key: Hashable & Sendable>: Sendable {
    package enum Outcome: Sendable {
        case done
        /// Look again after so long, though nothing failed.
        case again(after: Duration)
    }
    package let queue: WorkQueue<Key>
    let reconcile: @Sendable (Key) async throws -> Outcome
    /// Told of each failure.
    let report: @Sendable (Key, any Error) -> Void

    package init(
        queue: WorkQueue<Key>, report: @escaping @Sendable (Key, any Error) -> Void,
        reconcile: @escaping @Sendable (Key) async throws -> Outcome
    ) {
        self.queue = queue
        self.report = report
        self.reconcile = reconcile
    }

    /// Works until the task is cancelled or the queue shut down.
    package func run(workers: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<workers { group.addTask { await work() } }
        }
    }

    private func work() async {
        while let key = await queue.next() {
            do {
                let outcome = try await reconcile(key)
                queue.forget(key)
                if case .again(let delay) = outcome { queue.add(key, after: delay) }
            } catch {
                if !Task.isCancelled {
                    report(key, error)
                    queue.addRateLimited(key)
                }
            }
            queue.done(key)
        }
    }
}

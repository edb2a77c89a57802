internal import Storage

extension StoreCore {
    /// Commits requests together, tells everybody, and answers each. Called on the writer's thread.
    func commit(
        _ requests: [WriteRequest], clock: any StorageClock, publish: ([StorageEvent]) -> Void
    ) -> [Result<Int64, StorageError>] {
        do {
            return try commitTogether(requests, clock, publish)
        } catch .closed {
            return requests.map { _ in .failure(.closed) }
        } catch {
            guard requests.count > 1 else { return [.failure(error)] }
            // One too large for the disk must not take the others with it.
            return requests.flatMap { commit([$0], clock: clock, publish: publish) }
        }
    }

    private func commitTogether(
        _ requests: [WriteRequest], _ clock: any StorageClock, _ publish: ([StorageEvent]) -> Void
    ) throws(StorageError) -> [Result<Int64, StorageError>] {
        let revision = try known { (ledger) throws(StorageError) in
            if let failure = ledger.failure { throw failure }
            return ledger.currentRevision
        }
        let (results, events) = try write { (writer) throws(StorageError) in
            let plan = try writer.commit(requests, after: revision, now: clock.millisecondsSinceEpoch) { key in
                self.update { $0.index[key] }
            }
            self.update { $0.apply(plan.changes, upTo: revision + Int64(plan.rows.count)) }
            return (plan.results, plan.events)
        }
        publish(events)
        return results
    }
}

import Synchronization

/// A store in memory, for simulations and tests: the same behaviour as the one on disk, with nothing kept at the end.
package final class MemoryStorage: StorageBackend {
    private let core: MemoryCore
    private let hub: WatchHub
    private let clock: any StorageClock
    private let retention: StorageRetention
    /// Held from the decision about a write until everybody has been told of it, so that commits are told in order.
    private let turn = Mutex(())
    private let maintenance: Alarm

    package init(
        clock: any StorageClock = SystemStorageClock(), retention: StorageRetention = StorageRetention(), recentCountMax: Int = 1_000,
        executor: (any TaskExecutor)? = nil
    ) {
        let core = MemoryCore()
        self.core = core
        self.clock = clock
        self.retention = retention
        hub = WatchHub(currentRevision: 0, recentCountMax: recentCountMax) { after throws(StorageError) in try core.log(after: after) }
        maintenance = Alarm(clock: clock, executor: executor)
        maintenance.whenDue { [weak self] in self?.maintain() }
    }

    package var currentRevision: Int64 { core.read { $0.currentRevision } }
    package var oldestRevision: Int64 { core.read { $0.oldestRevision } }

    package func get(_ key: String, at revision: Int64?) async throws(StorageError) -> StoredObject? {
        try core.ledger(at: revision).index[key].map(StoredObject.init)
    }

    package func list(
        prefix: String, after: String?, limit: Int?, at revision: Int64?
    ) async throws(StorageError) -> StorageList {
        let (index, revision) = try core.ledger(at: revision)
        let (entries, remaining) = index.entries(prefix: prefix, after: after, limit: limit)
        return StorageList(objects: entries.map(StoredObject.init), revision: revision, remaining: remaining)
    }

    package func count(prefix: String) async throws(StorageError) -> Int { try core.ledger(at: nil).index.count(prefix: prefix) }

    package func put(
        _ key: String, _ value: [UInt8], if precondition: Precondition, expiresAfter: Duration?
    ) async throws(StorageError) -> Int64 {
        let expiresAt = expiresAfter.map { clock.millisecondsSinceEpoch + $0.millisecondsRoundedUp }
        return try write(WriteRequest(key: key, change: .put(value, expiresAt: expiresAt), precondition: precondition))
    }

    package func delete(_ key: String, if precondition: Precondition) async throws(StorageError) -> Int64 {
        try write(WriteRequest(key: key, change: .delete, precondition: precondition))
    }

    package func watch(prefix: String, after revision: Int64) throws(StorageError) -> StorageWatch {
        _ = try core.ledger(at: revision)
        return try hub.watch(prefix: prefix, after: revision)
    }

    package func observe(_ body: @escaping @Sendable ([StorageEvent]) -> Void) -> StorageObservation { hub.observe(body) }

    package func compact(before revision: Int64) async throws(StorageError) { try core.compact(before: revision) }

    package func snapshot(to path: String) async throws(StorageError) {
        throw .failed("save a snapshot to \(path): a store in memory has no file format; use the SQLite store")
    }

    package func close() async {
        maintenance.cancel()
        core.close()
        hub.close()
    }

    private func write(_ request: WriteRequest) throws(StorageError) -> Int64 {
        let revision = try turn.withLock { (_) throws(StorageError) -> Int64 in
            let event = try core.apply(request, now: clock.millisecondsSinceEpoch)
            hub.publish([event])
            return event.revision
        }
        if case .put(_, let expiresAt?) = request.change { maintenance.set(at: expiresAt) }
        scheduleCompaction()
        return revision
    }

    private func scheduleCompaction() {
        let isExceeded = core.read { retention.isExceeded(current: $0.currentRevision, oldest: $0.oldestRevision) }
        let now = clock.millisecondsSinceEpoch
        maintenance.set(at: isExceeded ? now : now + retention.checkInterval.millisecondsRoundedUp)
    }

    /// Deletes what has expired, forgets what is too old, and sets the time of the next such round.
    private func maintain() {
        let now = clock.millisecondsSinceEpoch
        while let expired = core.nextExpired(at: now) {
            // Refused when the key has been written since: then it stays.
            _ = try? write(WriteRequest(key: expired.key, change: .delete, precondition: .revision(expired.modRevision)))
        }
        core.compact(now: now, retention)
        if let next = core.read({ $0.expiries.next }) { maintenance.set(at: next) }
        if core.read({ $0.currentRevision > $0.oldestRevision }) { scheduleCompaction() }
    }
}

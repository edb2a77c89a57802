package import Storage
internal import Synchronization

/// The store on disk: one SQLite database in a folder of its own.
///
/// One thread writes, with one fsync for all writes that wait at the time; reads have connections of their own and never wait for it. Keys are
/// in memory, values on disk only. Rows of the log never change, so a list needs no transaction: it looks up which rows it is of, then reads them
/// in slices.
package final class SQLiteStorage: StorageBackend {
    package struct Options: Sendable {
        package var retention = StorageRetention()
        package var clock: any StorageClock = SystemStorageClock()
        /// What the user is told to run when the file is damaged.
        package var restoreCommand = "swiftlet snapshot restore FILE"
        /// How many recent events are kept in memory for watches.
        package var recentCountMax = 1_000
        /// A database up to this size is checked as a whole before it is used; a larger one while it is.
        package var checkedAtOpenBytesMax = 16 << 20

        package init() {}
    }

    let core: StoreCore
    let queue: CommitQueue
    let options: Options
    let maintenance: Alarm
    private let hub: WatchHub
    /// Of a large database.
    private let checking: Task<Void, Never>?

    /// Opens the store in a folder; makes both when they are not there. Blocks while it reads the keys.
    ///
    /// - Throws: `inUse` when another process has it; `corrupt` when the file is damaged: nothing is changed then.
    package init(directory: String, options: Options = Options()) throws(StorageError) {
        let file = StoreFile(directory: directory, restoreCommand: options.restoreCommand)
        try Files.makeDirectory(directory)
        let core = try StoreCore.open(file, options)
        let hub = WatchHub(
            currentRevision: try core.known { $0.currentRevision }, recentCountMax: options.recentCountMax
        ) { after throws(StorageError) in try await core.log(after: after) }
        self.core = core
        self.hub = hub
        self.options = options
        maintenance = Alarm(clock: options.clock)
        queue = CommitQueue { core.commit($0, clock: options.clock, publish: hub.publish) }
        let isLarge = Files.sizeBytes(file.path) > options.checkedAtOpenBytesMax
        checking = isLarge ? Task { await Self.check(core, on: options.clock) } : nil
        maintenance.whenDue { [weak self] in await self?.maintain() }
        maintenance.set(at: options.clock.millisecondsSinceEpoch)
    }

    package var currentRevision: Int64 { core.update { $0.currentRevision } }
    package var oldestRevision: Int64 { core.update { $0.oldestRevision } }
    /// Why nothing can be written any more, for health checks; nil while all is well.
    package var failure: StorageError? { core.update { $0.failure } }

    package func get(_ key: String, at revision: Int64?) async throws(StorageError) -> StoredObject? {
        if let revision,
            try core.known({ (ledger) throws(StorageError) in
                try ledger.check(revision)
                return revision < ledger.currentRevision
            })
        {
            return try await core.past(key, at: revision)
        }
        return try await core.present(key)
    }

    package func list(
        prefix: String, after: String?, limit: Int?, at revision: Int64?
    ) async throws(StorageError) -> StorageList {
        precondition(limit ?? 1 > 0, "a list of nothing is no list")
        if let revision,
            try core.known({ (ledger) throws(StorageError) in
                try ledger.check(revision)
                return revision < ledger.currentRevision
            })
        {
            return try await core.pastList(prefix: prefix, after: after, limit: limit, at: revision)
        }
        return try await core.presentList(prefix: prefix, after: after, limit: limit)
    }

    package func count(prefix: String) async throws(StorageError) -> Int {
        try core.known { (ledger) throws(StorageError) in
            try ledger.check(nil)
            return ledger.index.count(prefix: prefix)
        }
    }

    package func put(
        _ key: String, _ value: [UInt8], if precondition: Precondition, expiresAfter: Duration?
    ) async throws(StorageError) -> Int64 {
        let expiresAt = expiresAfter.map { options.clock.millisecondsSinceEpoch + $0.millisecondsRoundedUp }
        let request = WriteRequest(key: key, change: .put(value, expiresAt: expiresAt), precondition: precondition)
        let revision = try await queue.submit(request)
        if let expiresAt { maintenance.set(at: expiresAt) }
        scheduleCompaction()
        return revision
    }

    package func delete(_ key: String, if precondition: Precondition) async throws(StorageError) -> Int64 {
        let revision = try await queue.submit(WriteRequest(key: key, change: .delete, precondition: precondition))
        scheduleCompaction()
        return revision
    }

    package func watch(prefix: String, after revision: Int64) throws(StorageError) -> StorageWatch {
        try core.known { (ledger) throws(StorageError) in try ledger.check(revision) }
        return try hub.watch(prefix: prefix, after: revision)
    }

    package func observe(_ body: @escaping @Sendable ([StorageEvent]) -> Void) -> StorageObservation { hub.observe(body) }

    package func close() async {
        maintenance.cancel()
        await queue.close()
        core.update { $0.isClosed = true }
        hub.close()
        checking?.cancel()
        await checking?.value
        await core.closeReaders()
        await queue.run { [core] in core.closeWriter() }
    }

    /// Checks a large file beside its use. Not at once: whoever waits for the start needs the disk and a processor.
    private static func check(_ core: StoreCore, on clock: any StorageClock) async {
        do { try await clock.sleep(for: .seconds(3)) } catch { return }  // closed before
        await core.checkStructure()
    }
}

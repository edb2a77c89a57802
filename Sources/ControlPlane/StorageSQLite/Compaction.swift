package import Storage

/// A slice of a compaction is one transaction between two commits; nobody waits longer than that for it.
private let sliceCount = 256

extension SQLiteStorage {
    package func compact(before revision: Int64) async throws(StorageError) {
        let oldest = try core.known { (ledger) throws(StorageError) in
            try ledger.check(nil)
            guard revision <= ledger.currentRevision else { throw .future(current: ledger.currentRevision) }
            return ledger.oldestRevision
        }
        guard revision > oldest else { return }
        try await onWriter { (writer) throws(StorageError) in try self.core.forget(before: revision, &writer) }
        try await sweep()
    }

    /// Deletes what has expired, forgets what is too old, and sets the time of the next such round.
    func maintain() async {
        await expire()
        let now = options.clock.millisecondsSinceEpoch
        // A store that is closed, damaged or full says so to those who use it; the next round tries again.
        if let revision = try? await onWriter({ (writer) throws(StorageError) in try self.surplus(at: now, writer) }) {
            try? await compact(before: revision)
        }
        try? await sweep()
        if let next = core.update({ $0.expiries.next }) { maintenance.set(at: next) }
        scheduleCompaction()
    }

    func scheduleCompaction() {
        let (current, oldest) = core.update { ($0.currentRevision, $0.oldestRevision) }
        guard current > oldest else { return }
        let isExceeded = options.retention.isExceeded(current: current, oldest: oldest)
        let now = options.clock.millisecondsSinceEpoch
        maintenance.set(at: isExceeded ? now : now + options.retention.checkInterval.millisecondsRoundedUp)
    }

    private func expire() async {
        while true {
            let now = options.clock.millisecondsSinceEpoch
            let requests = core.update { $0.removeExpired(at: now, limit: sliceCount) }
            guard !requests.isEmpty else { return }
            let failed = await queue.submit(requests)
            guard failed.isEmpty else {
                // Not written, a full disk for example: their turn comes again.
                core.update { ledger in for request in failed { ledger.requeue(request.key) } }
                return maintenance.set(at: now + 10_000)
            }
        }
    }

    /// The revision before which the retention wants nothing kept; nil when that is nothing new.
    private func surplus(at now: Int64, _ writer: LogWriter) throws(StorageError) -> Int64? {
        let (current, oldest) = core.update { ($0.currentRevision, $0.oldestRevision) }
        let young = now - options.retention.age.millisecondsRoundedUp
        let byAge = try writer.file.naming { () throws(SQLiteError) in
            try writer.table.lastRevision(writtenUpTo: young, between: oldest, current)
        }
        let revision = max(byAge, current - Int64(options.retention.revisionsMax))
        return revision > oldest ? revision : nil
    }

    /// Deletes the rows that a compaction made superfluous, this one or one before a restart.
    private func sweep() async throws(StorageError) {
        while try await onWriter({ (writer) throws(StorageError) in
            try writer.sweep(upTo: self.oldestRevision, limit: sliceCount)
        }) {}
        while try await onWriter({ (writer) throws(StorageError) in try writer.shrink() }) {}
    }

    private func onWriter<Value: Sendable>(
        _ body: @escaping @Sendable (inout LogWriter) throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let result = await queue.run { [core] in
            Result { () throws(StorageError) in try core.write(body) }
        }
        return try result.get()
    }
}

extension StoreCore {
    fileprivate func forget(before revision: Int64, _ writer: inout LogWriter) throws(StorageError) {
        guard revision > update({ $0.oldestRevision }) else { return }
        try writer.transaction { (table) throws(SQLiteError) in try table.setMeta("oldest", revision) }
        update { $0.oldestRevision = revision }
    }
}

extension LogWriter {
    /// Deletes rows that no state from `oldest` on needs, of the next changes up to it: what they replaced, and deletions themselves.
    ///
    /// - Returns: Whether there is more to do.
    mutating func sweep(upTo oldest: Int64, limit: Int) throws(StorageError) -> Bool {
        guard swept < oldest else { return false }
        let links = try file.naming { () throws(SQLiteError) in
            try table.links(after: swept, upTo: oldest, limit: limit)
        }
        let isMore = links.count == limit
        let end = isMore ? links[limit - 1].revision : oldest
        try transaction { (table) throws(SQLiteError) in
            for link in links {
                if link.previous != 0 { try table.delete(link.previous) }
                if link.isDeleted { try table.delete(link.revision) }
            }
            try table.setMeta("swept", end)
        }
        swept = end
        return isMore
    }

    /// Gives some free pages back to the file system when a good part of the file is free; what is left is used again.
    ///
    /// - Returns: Whether there is more to do.
    func shrink() throws(StorageError) -> Bool {
        try file.naming { () throws(SQLiteError) in
            let pages = try table.connection.number("PRAGMA page_count") ?? 0
            let free = try table.connection.number("PRAGMA freelist_count") ?? 0
            guard free > max(1_000, pages / 4) else { return false }
            try table.connection.execute("PRAGMA incremental_vacuum(\(sliceCount))")
            return true
        }
    }

}

extension LogTable {
    /// The last revision that is not younger than a time, by bisection: times grow with revisions.
    fileprivate func lastRevision(writtenUpTo time: Int64, between oldest: Int64, _ current: Int64) throws(SQLiteError) -> Int64 {
        var low = oldest
        var high = current + 1
        // low is old enough or was compacted before; high is too young or not there yet.
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try written(upTo: middle) ?? .min <= time { low = middle } else { high = middle }
        }
        return low
    }
}

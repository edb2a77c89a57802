internal import Storage

/// Rows are read so many at a time: a reader's thread is not held for long, and neither is the database's log.
private let sliceCount = 256

extension StoreCore {
    /// A key as it is now.
    func present(_ key: String) async throws(StorageError) -> StoredObject? {
        var missing: Int64?
        while let revision = try known({ (ledger) throws(StorageError) in
            try ledger.check(nil)
            return ledger.index[key]?.modRevision
        }) {
            let row = try await reader.read { (table) throws(SQLiteError) in try table.row(revision) }
            if let row, row.key.isSame(as: key) { return StoredObject(row) }
            // Changed and compacted since it was looked up, then it has another revision now; or not there at all.
            guard missing != revision else { throw file.damage("revision \(revision) of \(key) is missing") }
            missing = revision
        }
        return nil
    }

    func past(_ key: String, at revision: Int64) async throws(StorageError) -> StoredObject? {
        let row = try await reader.read { (table) throws(SQLiteError) in try table.row(of: key, upTo: revision) }
        try known { (ledger) throws(StorageError) in try ledger.check(revision) }
        guard let row, !row.isDeleted else { return nil }
        return StoredObject(row)
    }

    func presentList(prefix: String, after: String?, limit: Int?) async throws(StorageError) -> StorageList {
        var missing: Int64?
        while true {
            let (index, revision) = try known { (ledger) throws(StorageError) in
                try ledger.check(nil)
                return (ledger.index, ledger.currentRevision)
            }
            let (entries, remaining) = index.entries(prefix: prefix, after: after, limit: limit)
            let rows = entries.map { ($0.key, $0.modRevision) }
            let (objects, gone) = try await objects(rows)
            guard let gone else { return StorageList(objects: objects, revision: revision, remaining: remaining) }
            guard missing != gone else { throw file.damage("revision \(gone) is missing") }
            missing = gone
        }
    }

    /// - Returns: With what remains in the number of now: an estimate, but never 0 when there is more and never more when there is not.
    func pastList(prefix: String, after: String?, limit: Int?, at revision: Int64) async throws(StorageError) -> StorageList {
        var objects: [StoredObject] = []
        var last = after
        var isMore = true
        while isMore, objects.count < limit ?? .max {
            let wanted = min(sliceCount, (limit ?? .max) - objects.count)
            let from = last
            let rows = try await reader.read { (table) throws(SQLiteError) in
                try table.keys(prefix: prefix, after: from, at: revision, limit: wanted + 1)
            }
            isMore = rows.count > wanted
            let (slice, gone) = try await self.objects(Array(rows.prefix(wanted)))
            try known { (ledger) throws(StorageError) in try ledger.check(revision) }
            if let gone { throw file.damage("revision \(gone) is missing") }
            objects += slice
            last = slice.last?.key ?? last
        }
        let now = update { $0.index.count(prefix: prefix, after: last) }
        return StorageList(objects: objects, revision: revision, remaining: isMore ? max(1, now) : 0)
    }

    func log(after revision: Int64) async throws(StorageError) -> LogSlice {
        // Taken before the reading: what is committed meanwhile may be in it or not, what was before is.
        let current = try known { (ledger) throws(StorageError) in
            try ledger.check(revision)
            return ledger.currentRevision
        }
        do {
            let events = try await reader.read { (table) throws(SQLiteError) in try table.events(after: revision, limit: sliceCount) }
            try known { (ledger) throws(StorageError) in try ledger.check(revision) }
            return LogSlice(events: events, upTo: events.last?.revision ?? current)
        } catch {
            // Rows that are missing because they were compacted meanwhile are no damage.
            try known { (ledger) throws(StorageError) in try ledger.check(revision) }
            throw error
        }
    }

    /// Reads rows of the log.
    ///
    /// - Returns: With the first revision that is not there, if any.
    private func objects(_ rows: [(key: String, revision: Int64)]) async throws(StorageError) -> ([StoredObject], missing: Int64?) {
        var objects: [StoredObject] = []
        objects.reserveCapacity(rows.count)
        for start in stride(from: 0, to: rows.count, by: sliceCount) {
            let slice = rows[start..<min(start + sliceCount, rows.count)]
            let read = try await reader.read { (table) throws(SQLiteError) in
                var objects: [StoredObject] = []
                for (key, revision) in slice {
                    guard let row = try table.row(revision), row.key.isSame(as: key) else { return (objects, Int64?.some(revision)) }
                    objects.append(StoredObject(row, key: key))
                }
                return (objects, nil)
            }
            objects += read.0
            if let missing = read.1 { return (objects, missing) }
        }
        return (objects, nil)
    }
}

extension LogTable {
    /// The changes after a revision with what was there before each.
    fileprivate func events(after revision: Int64, limit: Int) throws(SQLiteError) -> [StorageEvent] {
        var events: [StorageEvent] = []
        for row in try rows(after: revision, limit: limit) {
            // Every revision behind the oldest has its row, and what it replaced is kept with it.
            guard row.revision == (events.last?.revision ?? revision) + 1 else { throw .missing(row.revision - 1) }
            let previous = row.previous == 0 ? nil : try self.row(row.previous)?.value
            guard row.previous == 0 || previous != nil else { throw .missing(row.previous) }
            events.append(
                StorageEvent(
                    kind: row.isDeleted ? .deleted : row.previous == 0 ? .created : .updated, key: row.key,
                    value: row.isDeleted ? previous ?? [] : row.value, previous: previous, createRevision: row.created,
                    revision: row.revision))
        }
        return events
    }
}

extension StoredObject {
    /// - Parameter key: The same as the row's, where the caller has it already: then the strings are one in memory.
    fileprivate init(_ row: LogRow, key: String? = nil) {
        self.init(key: key ?? row.key, value: row.value, createRevision: row.created, modRevision: row.revision)
    }
}

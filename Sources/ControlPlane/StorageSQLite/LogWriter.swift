internal import Storage

/// The one connection that writes.
struct LogWriter {
    let table: LogTable
    let file: StoreFile
    /// Milliseconds since 1970 of the last row: the times in the log do not go back when the clock does.
    var lastWritten: Int64
    /// Why nothing may be written any more.
    var failure: StorageError?
    /// Rows before it that are no longer needed are gone.
    var swept: Int64

    /// Decides requests, in order, and writes those that are granted in one transaction.
    ///
    /// - Returns: When they are durable.
    /// - Throws: When none of them is.
    mutating func commit(
        _ requests: [WriteRequest], after revision: Int64, now: Int64, current: (String) -> KeyEntry?
    ) throws(StorageError) -> CommitPlan {
        var plan = CommitPlan(after: revision, now: max(now, lastWritten))
        for request in requests {
            plan.add(request, committed: current(request.key)) { entry throws(StorageError) in try value(of: entry) }
        }
        guard !plan.rows.isEmpty else { return plan }
        try transaction { [rows = plan.rows] (table) throws(SQLiteError) in
            for row in rows { try table.insert(row) }
        }
        lastWritten = max(now, lastWritten)
        return plan
    }

    /// Runs changes all or none. They are on the disk when it returns.
    mutating func transaction(_ body: (LogTable) throws(SQLiteError) -> Void) throws(StorageError) {
        do {
            try table.connection.execute("BEGIN IMMEDIATE")
            try body(table)
            try table.connection.execute("COMMIT")
        } catch {
            // A failed COMMIT leaves the transaction open, some errors have ended it already; the first error is the one to tell.
            if table.connection.isInTransaction { try? table.connection.execute("ROLLBACK") }
            let failure = StorageError(error, file)
            if error.leavesFileUncertain || error.isCorrupt { self.failure = failure }
            throw failure
        }
    }

    private func value(of entry: KeyEntry) throws(StorageError) -> [UInt8] {
        let row = try file.naming { () throws(SQLiteError) in try table.row(entry.modRevision) }
        guard let row, row.key.isSame(as: entry.key) else {
            throw file.damage("revision \(entry.modRevision) of \(entry.key) is missing")
        }
        return row.value
    }
}

internal import Glibc
package import Storage

extension SQLiteStorage {
    /// What a restore did, for the user.
    package struct Restored: Sendable {
        /// The snapshot's revision.
        package var snapshotRevision: Int64
        /// The revision that the store goes on from.
        package var revision: Int64
        package var keyCount: Int
        /// Where the store that was there is now.
        package var setAside: String?
    }

    /// How far a restored store's revision is ahead of its snapshot's. Clients have seen revisions after the snapshot; none of them may come
    /// again with another content. More than a store could write in three days at its fastest.
    package static let restoredRevisionGap: Int64 = 1_000_000_000

    /// Puts a snapshot in the place of a store that is not open.
    ///
    /// The snapshot is checked as a whole first; the store that was there is kept under another name, with the time. Watches from before the
    /// snapshot end with `compacted`, so that clients list again.
    ///
    /// - Throws: `corrupt` when the snapshot is damaged, `inUse` when the store is open: nothing is changed then.
    package static func restore(
        from snapshot: String, to directory: String, options: Options = Options()
    ) throws(StorageError) -> Restored {
        let file = StoreFile(directory: directory, restoreCommand: options.restoreCommand)
        guard Files.exists(snapshot) else { throw .failed("restore from \(snapshot): no such file") }
        try Files.makeDirectory(directory)
        let lock = try StoreLock(file)
        defer { lock.release() }
        Files.remove(file.restoringPath)
        try Files.copy(snapshot, to: file.restoringPath)
        var restored: Restored
        do {
            restored = try prepare(file.restoringPath, from: snapshot, options)
        } catch {
            Files.remove(file.restoringPath)
            throw error
        }
        // From the first rename on, a store that is opened after a crash finds the restored file and finishes.
        try Files.rename(file.restoringPath, to: file.restoredPath)
        restored.setAside = try file.finishRestore(now: options.clock.millisecondsSinceEpoch)
        return restored
    }

    /// Checks the copy and moves its revisions on.
    private static func prepare(_ copy: String, from snapshot: String, _ options: Options) throws(StorageError) -> Restored {
        let source = StoreFile(
            directory: Files.directory(of: snapshot), name: Files.name(of: snapshot), restoreCommand: options.restoreCommand)
        let connection = try source.naming { () throws(SQLiteError) in try Connection(path: copy, mayWrite: true) }
        let table = LogTable(connection: connection)
        try StoreOpening.recognise(connection, source)
        if let findings = try source.naming({ () throws(SQLiteError) in try StoreCheck.everything(table) }) {
            throw source.damage(findings)
        }
        return try source.naming { () throws(SQLiteError) in
            let ledger = try StoreOpening.readLedger(table)
            let revision = ledger.currentRevision + restoredRevisionGap
            try connection.execute("PRAGMA journal_mode = DELETE")
            try table.setMeta("oldest", revision)
            return Restored(
                snapshotRevision: ledger.currentRevision, revision: revision, keyCount: ledger.index.count, setAside: nil)
        }
    }
}

/// `20260131T235959Z`.
func timeStamp(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    func digits(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = unsafe "\(parts.tm_year + 1900)\(digits(parts.tm_mon + 1))\(digits(parts.tm_mday))"
    return unsafe "\(date)T\(digits(parts.tm_hour))\(digits(parts.tm_min))\(digits(parts.tm_sec))Z"
}

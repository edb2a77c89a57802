internal import Storage

/// The names of a store's files.
struct StoreFile: Sendable {
    /// The folder of the store alone, mode 0700.
    var directory: String
    var name = "store.db"
    /// Told to the user when a file is damaged.
    var restoreCommand: String

    var path: String { "\(directory)/\(name)" }
    var lockPath: String { "\(directory)/store.lock" }
    /// A copy of a snapshot that is not known to be whole.
    var restoringPath: String { "\(path).restoring" }
    /// A restored database, complete and on the disk, that is to take the database's place.
    var restoredPath: String { "\(path).restored" }

    func damage(_ what: String) -> StorageError {
        .corrupt("\(path): \(what). Nothing was changed. To go back to a snapshot, run: \(restoreCommand)")
    }

    /// Keeps the database that is there under another name and gives its own to the restored one, if there is one. After a crash on the way it
    /// is called again.
    ///
    /// - Returns: The other name; nil when no database was there.
    func finishRestore(now: Int64) throws(StorageError) -> String? {
        guard Files.exists(restoredPath) else { return nil }
        var aside: String?
        if Files.exists(path) {
            let name = "\(path).\(isDamaged ? "damaged" : "replaced")-\(timeStamp(now))"
            // SQLite's log and its index go along: a database without its log would be an older one that looks whole.
            for suffix in ["-wal", "-shm"] where Files.exists(path + suffix) { try Files.rename(path + suffix, to: name + suffix) }
            try Files.rename(path, to: name)
            aside = name
        }
        try Files.rename(restoredPath, to: path)
        return aside
    }

    private var isDamaged: Bool {
        do { return try StoreCheck.structure(try Connection(path: path, mayWrite: false)) != nil } catch { return true }
    }
}

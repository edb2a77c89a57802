internal import CSQLite
internal import Storage

/// A call of SQLite's that failed: `insert into log: database or disk is full (13)`.
struct SQLiteError: Error, CustomStringConvertible {
    /// What was tried.
    var operation: String
    /// The extended result code, sqlite.org/rescode.html.
    var code: Int32
    var message: String

    var description: String { "\(operation): \(message) (\(code))" }

    /// The low byte of an extended code is the kind of failure.
    var primaryCode: Int32 { code & 0xff }

    var isFull: Bool { primaryCode == SQLITE_FULL }
    var isCorrupt: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }
    /// What the file holds cannot be known any more: a failed fsync may have dropped what it was to write, and the next one may succeed without it.
    var leavesFileUncertain: Bool {
        code == Int32(CSQLITE_IOERR_FSYNC.rawValue) || code == Int32(CSQLITE_IOERR_DIR_FSYNC.rawValue)
    }
}

extension SQLiteError {
    static func missing(_ revision: Int64) -> SQLiteError {
        SQLiteError(operation: "read revision \(revision)", code: SQLITE_CORRUPT, message: "it is missing")
    }
}

extension StorageError {
    /// - Parameters:
    ///   - file: The database's path.
    ///   - restoreCommand: What to tell the user to run when the file is damaged.
    init(_ error: SQLiteError, _ file: StoreFile) {
        if error.isFull {
            self = .full("\(file.path): \(error)")
        } else if error.isCorrupt {
            self = file.damage("\(error)")
        } else if error.primaryCode == SQLITE_BUSY || error.primaryCode == SQLITE_LOCKED {
            self = .inUse("\(file.path): \(error)")
        } else {
            self = .failed("\(file.path): \(error)")
        }
    }
}

extension StoreFile {
    /// Runs calls of SQLite's; their errors come out with the file's name.
    func naming<Value>(_ body: () throws(SQLiteError) -> Value) throws(StorageError) -> Value {
        do { return try body() } catch { throw StorageError(error, self) }
    }
}

internal import CSQLite

/// One connection to a database. Used by one thread at a time: its owner sees to that.
@safe final class Connection {
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    /// - Parameter mayWrite: Whether the file may be created and changed.
    init(path: String, mayWrite: Bool) throws(SQLiteError) {
        var handle: OpaquePointer?
        let flags = (mayWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard let handle = unsafe handle else { throw SQLiteError(operation: "open", code: SQLITE_NOMEM, message: "out of memory") }
        guard code == SQLITE_OK else {
            let error = unsafe Connection.error("open", handle)
            unsafe sqlite3_close_v2(handle)
            throw error
        }
        unsafe self.handle = unsafe handle
        unsafe sqlite3_extended_result_codes(handle, 1)
        // Only a foreign process can be in the way, such as a user's sqlite3; the store's own lock keeps others of its kind out.
        unsafe sqlite3_busy_timeout(handle, 5_000)
    }

    deinit {
        statements = [:]
        unsafe sqlite3_close_v2(handle)
    }

    /// The statement of this text, compiled once.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
        if let known = statements[sql] { return known }
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else { throw error(sql) }
        let statement = unsafe Statement(prepared, of: self, sql)
        statements[sql] = statement
        return statement
    }

    /// Runs a statement to its end.
    func execute(_ sql: String) throws(SQLiteError) {
        let statement = try statement(sql)
        defer { statement.reset() }
        while try statement.step() {}
    }

    /// The first column of the first row.
    func number(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.number(0) : nil
    }

    /// Whether a transaction is open; an error may have ended it.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    func error(_ operation: String) -> SQLiteError { unsafe Connection.error(operation, handle) }

    private static func error(_ operation: String, _ handle: OpaquePointer) -> SQLiteError {
        let message = unsafe sqlite3_errmsg(handle).map { unsafe String(cString: $0) } ?? "unknown error"
        return SQLiteError(operation: operation, code: unsafe sqlite3_extended_errcode(handle), message: message)
    }
}

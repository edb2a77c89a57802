internal import CSQLite

/// A compiled statement: bind, step while there are rows, read columns, reset.
@safe final class Statement {
    private let handle: OpaquePointer
    /// The connection keeps its statements, not the other way round.
    private unowned let connection: Connection
    private let sql: String

    init(_ handle: OpaquePointer, of connection: Connection, _ sql: String) {
        unsafe self.handle = unsafe handle
        self.connection = connection
        self.sql = sql
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// - Parameter position: From 1.
    func bind(_ number: Int64, at position: Int32) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_int64(handle, position, number))
    }

    func bind(_ bytes: [UInt8], at position: Int32) throws(SQLiteError) {
        let code = unsafe bytes.withUnsafeBytes { buffer in
            unsafe csqlite_bind_copy(handle, position, buffer.baseAddress, Int32(buffer.count))
        }
        try check(code)
    }

    func bind(_ text: String, at position: Int32) throws(SQLiteError) {
        var text = text
        let code = text.withUTF8 { buffer in
            unsafe csqlite_bind_copy(handle, position, buffer.baseAddress, Int32(buffer.count))
        }
        try check(code)
    }

    /// - Returns: Whether there is a row.
    func step() throws(SQLiteError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        try check(code)
        return false
    }

    /// Makes the statement ready for the next use. The error it could report is the one that `step` has thrown.
    func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
    }

    /// - Parameter column: From 0.
    func number(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    func bytes(_ column: Int32) -> [UInt8] {
        // In this order: sqlite3_column_blob may convert, sqlite3_column_bytes tells the size after that.
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    func text(_ column: Int32) -> String {
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK || code == SQLITE_DONE else { throw connection.error(sql) }
    }
}

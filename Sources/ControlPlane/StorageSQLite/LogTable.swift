internal import CSQLite
internal import Storage

/// The statements over the log, on one connection.
///
/// `log` has a row per change, by revision; `log_keys` finds the changes of a key in order and holds what an index in memory needs, so that a
/// store is opened without touching the values; `meta` holds the oldest revision that can be read and how far rows before it are gone.
struct LogTable {
    static let schema = [
        """
        CREATE TABLE log (
            revision INTEGER PRIMARY KEY, key BLOB NOT NULL, created INTEGER NOT NULL, previous INTEGER NOT NULL,
            deleted INTEGER NOT NULL, expires INTEGER NOT NULL, written INTEGER NOT NULL, checksum INTEGER NOT NULL,
            value BLOB NOT NULL) STRICT
        """,
        "CREATE INDEX log_keys ON log(key, revision, created, deleted, expires)",
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "INSERT INTO meta VALUES ('oldest', 0), ('swept', 0)",
    ]
    private static let columns = "revision, key, created, previous, deleted, expires, written, value, checksum"

    let connection: Connection

    /// Reads the state of one moment. A transaction costs four fcntl(2) locks, so a statement alone costs as much as several rows.
    func consistently<Value>(_ body: (LogTable) throws(SQLiteError) -> Value) throws(SQLiteError) -> Value {
        try connection.execute("BEGIN")
        // A transaction that only reads has nothing to lose.
        defer { try? connection.execute("COMMIT") }
        return try body(self)
    }

    func insert(_ row: LogRow) throws(SQLiteError) {
        let statement = try connection.statement("INSERT INTO log (\(Self.columns)) VALUES (?,?,?,?,?,?,?,?,?)")
        defer { statement.reset() }
        try statement.bind(row.revision, at: 1)
        try statement.bind(row.key, at: 2)
        try statement.bind(row.created, at: 3)
        try statement.bind(row.previous, at: 4)
        try statement.bind(row.isDeleted ? 1 : 0, at: 5)
        try statement.bind(row.expires, at: 6)
        try statement.bind(row.written, at: 7)
        try statement.bind(row.value, at: 8)
        try statement.bind(row.checksum, at: 9)
        _ = try statement.step()
    }

    /// - Throws: A corruption when the row is not what was written.
    func row(_ revision: Int64) throws(SQLiteError) -> LogRow? {
        let statement = try connection.statement("SELECT \(Self.columns) FROM log WHERE revision = ?")
        defer { statement.reset() }
        try statement.bind(revision, at: 1)
        return try statement.step() ? try Self.row(of: statement) : nil
    }

    /// The changes after a revision, in order.
    func rows(after revision: Int64, limit: Int) throws(SQLiteError) -> [LogRow] {
        let statement = try connection.statement("SELECT \(Self.columns) FROM log WHERE revision > ? ORDER BY revision LIMIT ?")
        defer { statement.reset() }
        try statement.bind(revision, at: 1)
        try statement.bind(Int64(limit), at: 2)
        var rows: [LogRow] = []
        while try statement.step() { rows.append(try Self.row(of: statement)) }
        return rows
    }

    /// The key's last change up to a revision.
    func row(of key: String, upTo revision: Int64) throws(SQLiteError) -> LogRow? {
        let statement = try connection.statement(
            "SELECT \(Self.columns) FROM log WHERE key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1")
        defer { statement.reset() }
        try statement.bind(key, at: 1)
        try statement.bind(revision, at: 2)
        return try statement.step() ? try Self.row(of: statement) : nil
    }

    /// The keys of a prefix that were present at a revision, in order, with the change that was their last then.
    ///
    /// Goes once through the changes of the keys it passes, in the index alone.
    func keys(
        prefix: String, after: String?, at revision: Int64, limit: Int
    ) throws(SQLiteError) -> [(key: String, revision: Int64)] {
        let statement = try connection.statement(
            """
            SELECT key, max(revision), deleted AS gone FROM log INDEXED BY log_keys
            WHERE key >= ? AND key < ? AND revision <= ? GROUP BY key HAVING gone = 0 ORDER BY key LIMIT ?
            """)
        defer { statement.reset() }
        try statement.bind(Self.lowerBound(prefix, after), at: 1)
        // Behind every key that begins with the prefix: keys are UTF-8, in which no byte is 0xff.
        try statement.bind(Array(prefix.utf8) + [0xff], at: 2)
        try statement.bind(revision, at: 3)
        try statement.bind(Int64(limit), at: 4)
        var found: [(String, Int64)] = []
        while try statement.step() { found.append((statement.text(0), statement.number(1))) }
        return found
    }

    /// When the last change up to a revision was written.
    func written(upTo revision: Int64) throws(SQLiteError) -> Int64? {
        let statement = try connection.statement("SELECT written FROM log WHERE revision <= ? ORDER BY revision DESC LIMIT 1")
        defer { statement.reset() }
        try statement.bind(revision, at: 1)
        return try statement.step() ? statement.number(0) : nil
    }

    func lastRevision() throws(SQLiteError) -> Int64 { try connection.number("SELECT max(revision) FROM log") ?? 0 }

    func meta(_ name: String) throws(SQLiteError) -> Int64 {
        try connection.number("SELECT value FROM meta WHERE name = '\(name)'") ?? 0
    }

    func setMeta(_ name: String, _ value: Int64) throws(SQLiteError) {
        let statement = try connection.statement("UPDATE meta SET value = ? WHERE name = '\(name)'")
        defer { statement.reset() }
        try statement.bind(value, at: 1)
        _ = try statement.step()
    }

    func delete(_ revision: Int64) throws(SQLiteError) {
        let statement = try connection.statement("DELETE FROM log WHERE revision = ?")
        defer { statement.reset() }
        try statement.bind(revision, at: 1)
        _ = try statement.step()
    }

    /// What a compaction needs of the changes after a revision up to another, in order.
    func links(
        after revision: Int64, upTo end: Int64, limit: Int
    ) throws(SQLiteError) -> [(revision: Int64, previous: Int64, isDeleted: Bool)] {
        let statement = try connection.statement(
            "SELECT revision, previous, deleted FROM log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?")
        defer { statement.reset() }
        try statement.bind(revision, at: 1)
        try statement.bind(end, at: 2)
        try statement.bind(Int64(limit), at: 3)
        var links: [(Int64, Int64, Bool)] = []
        while try statement.step() { links.append((statement.number(0), statement.number(1), statement.number(2) != 0)) }
        return links
    }

    /// Calls `body` with the last change of every key, in the order of keys.
    func forEachKey(_ body: (KeyEntry, _ isDeleted: Bool) -> Void) throws(SQLiteError) {
        let statement = try connection.statement(
            "SELECT key, max(revision), created, deleted, expires FROM log INDEXED BY log_keys GROUP BY key ORDER BY key")
        defer { statement.reset() }
        while try statement.step() {
            let expires = statement.number(4)
            let entry = KeyEntry(
                key: statement.text(0), createRevision: statement.number(2), modRevision: statement.number(1),
                expiresAt: expires == 0 ? nil : expires)
            body(entry, statement.number(3) != 0)
        }
    }

    private static func row(of statement: Statement) throws(SQLiteError) -> LogRow {
        let row = LogRow(
            revision: statement.number(0), key: statement.text(1), created: statement.number(2), previous: statement.number(3),
            isDeleted: statement.number(4) != 0, expires: statement.number(5), written: statement.number(6),
            value: statement.bytes(7))
        guard row.checksum == statement.number(8) else {
            throw SQLiteError(
                operation: "read revision \(row.revision) of \(row.key)", code: SQLITE_CORRUPT, message: "its checksum is wrong")
        }
        return row
    }

    /// The first key of the prefix that may be there behind `after`: what follows `after` directly is `after` and a zero byte.
    private static func lowerBound(_ prefix: String, _ after: String?) -> [UInt8] {
        guard let after, !after.precedes(prefix) else { return Array(prefix.utf8) }
        return Array(after.utf8) + [0]
    }
}

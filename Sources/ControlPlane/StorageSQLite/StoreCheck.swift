internal import Storage

/// Finds damage in a database.
enum StoreCheck {
    /// Checks the structure of the whole file: SQLite's own check of its trees, without comparing indexes with rows.
    ///
    /// - Returns: What is wrong, in one line; nil when nothing is.
    static func structure(_ connection: Connection) throws(SQLiteError) -> String? { try run("PRAGMA quick_check(3)", connection) }

    /// Checks the structure, the index against the rows, and the checksum of every row.
    static func everything(_ table: LogTable) throws(SQLiteError) -> String? {
        if let findings = try run("PRAGMA integrity_check(3)", table.connection) { return findings }
        var last: Int64 = 0
        while let row = try table.rows(after: last, limit: 1).first { last = row.revision }
        return nil
    }

    /// Checks the values of some keys, spread evenly.
    static func sample(_ table: LogTable, _ index: KeyIndex<KeyEntry>, count: Int) throws(SQLiteError) {
        let entries = index.entries(prefix: "", after: nil, limit: nil).entries
        for number in stride(from: 0, to: entries.count, by: max(1, entries.count / count)) {
            guard let row = try table.row(entries[number].modRevision), row.key.isSame(as: entries[number].key) else {
                throw .missing(entries[number].modRevision)
            }
        }
    }

    /// A check answers `ok`, or a line or more for each damage.
    private static func run(_ check: String, _ connection: Connection) throws(SQLiteError) -> String? {
        let statement = try connection.statement(check)
        defer { statement.reset() }
        var findings: [String] = []
        while try statement.step() { findings.append(statement.text(0)) }
        if findings == ["ok"] { return nil }
        return findings.joined(separator: "; ").split(separator: "\n").joined(separator: " ")
    }
}

extension StoreCore {
    /// Checks the structure of the file beside its use. When it is damaged, nothing more is written: that could make it worse.
    func checkStructure() async {
        let reader = LogReader(file, label: "swiftlet.store.check")
        let found = await reader.check()
        await reader.close()
        if let found { update { $0.failure = found } }
    }
}

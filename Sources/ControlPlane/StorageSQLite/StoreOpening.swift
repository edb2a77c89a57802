internal import Storage

extension StoreCore {
    /// Takes the lock, opens the database, checks it and reads its keys.
    static func open(_ file: StoreFile, _ options: SQLiteStorage.Options) throws(StorageError) -> StoreCore {
        let lock = try StoreLock(file)
        let now = options.clock.millisecondsSinceEpoch
        let table = LogTable(connection: try StoreOpening.connect(file, now: now))
        let isSmall = Files.sizeBytes(file.path) <= options.checkedAtOpenBytesMax
        if isSmall, let findings = try file.naming({ () throws(SQLiteError) in try StoreCheck.structure(table.connection) }) {
            throw file.damage(findings)
        }
        let (ledger, written, swept) = try file.naming { () throws(SQLiteError) in
            let ledger = try StoreOpening.readLedger(table)
            try StoreCheck.sample(table, ledger.index, count: 64)
            return (ledger, try table.written(upTo: .max) ?? 0, try table.meta("swept"))
        }
        let writer = LogWriter(table: table, file: file, lastWritten: written, swept: swept)
        return StoreCore(file: file, lock: lock, ledger: ledger, writer: writer)
    }
}

/// How a database becomes a store: made or recognised, set, checked, read into memory.
enum StoreOpening {
    /// `SWLT` in the file's header: what the database is for, sqlite.org/pragma.html#pragma_application_id.
    static let applicationID: Int64 = 0x5357_4C54
    static let schemaVersion: Int64 = 1

    /// Opens the database for writing; makes it when it is not there.
    static func connect(_ file: StoreFile, now: Int64) throws(StorageError) -> Connection {
        try prepareFiles(file, now: now)
        let connection = try file.naming { () throws(SQLiteError) in
            let connection = try Connection(path: file.path, mayWrite: true)
            if try connection.number("PRAGMA page_count") == 0 { try create(connection) }
            return connection
        }
        try recognise(connection, file)
        let synchronous = try file.naming { () throws(SQLiteError) in try configure(connection) }
        // What an acknowledged write rests on is read back, not believed.
        guard synchronous == 2 else { throw .failed("\(file.path): SQLite did not take synchronous = FULL") }
        return connection
    }

    /// - Throws: `corrupt` when the file is not a store, `failed` when it is one of another version.
    static func recognise(_ connection: Connection, _ file: StoreFile) throws(StorageError) {
        let (application, version) = try file.naming { () throws(SQLiteError) in
            (try connection.number("PRAGMA application_id"), try connection.number("PRAGMA user_version") ?? 0)
        }
        guard application == applicationID else { throw file.damage("the file is not a Swiftlet store") }
        guard version == schemaVersion else {
            throw .failed("\(file.path): the store has format \(version); this program knows \(schemaVersion)")
        }
    }

    /// Reads every key, and the bounds of the log. Touches no values.
    static func readLedger(_ table: LogTable) throws(SQLiteError) -> Ledger {
        var ledger = Ledger()
        try table.forEachKey { entry, isDeleted in
            guard !isDeleted else { return }
            ledger.index.set(entry)
            if let time = entry.expiresAt { ledger.expiries.add(entry.key, at: time) }
        }
        ledger.oldestRevision = try table.meta("oldest")
        // The row of the last revision may have been a deletion, and compacted.
        ledger.currentRevision = max(try table.lastRevision(), ledger.oldestRevision)
        return ledger
    }

    /// Finishes a restore, makes the database when it is not there. SQLite gives the files of its own the database's mode.
    private static func prepareFiles(_ file: StoreFile, now: Int64) throws(StorageError) {
        _ = try file.finishRestore(now: now)
        guard !Files.exists(file.path) else { return }
        try Files.create(file.path)
        try Files.sync(file.directory)
    }

    private static func create(_ connection: Connection) throws(SQLiteError) {
        try connection.execute("PRAGMA page_size = 8192")
        try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        try connection.execute("BEGIN IMMEDIATE")
        try connection.execute("PRAGMA application_id = \(applicationID)")
        try connection.execute("PRAGMA user_version = \(schemaVersion)")
        for statement in LogTable.schema { try connection.execute(statement) }
        try connection.execute("COMMIT")
    }

    /// - Returns: The level of synchronisation in force.
    private static func configure(_ connection: Connection) throws(SQLiteError) -> Int64? {
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA secure_delete = OFF")
        try connection.execute("PRAGMA wal_autocheckpoint = 1000")
        return try connection.number("PRAGMA synchronous")
    }
}

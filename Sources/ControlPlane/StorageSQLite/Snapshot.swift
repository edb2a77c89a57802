package import Storage

extension SQLiteStorage {
    package func snapshot(to path: String) async throws(StorageError) {
        try core.known { (ledger) throws(StorageError) in try ledger.check(nil) }
        let reader = LogReader(core.file, label: "swiftlet.store.snapshot")
        let result = await Self.attempt { () async throws(StorageError) in try await reader.writeSnapshot(to: path) }
        await reader.close()
        try result.get()
    }

    private static func attempt(_ body: () async throws(StorageError) -> Void) async -> Result<Void, StorageError> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension LogReader {
    /// Writes the state of one moment, packed, beside the path, then gives it its name. Blocks neither reads nor writes.
    fileprivate func writeSnapshot(to path: String) async throws(StorageError) {
        guard !Files.exists(path) else { throw .failed("save a snapshot to \(path): the file exists already") }
        let partial = "\(path).partial"
        Files.remove(partial)
        // Made beforehand for its mode: SQLite takes an empty file.
        try Files.create(partial)
        do {
            try await run { (table) throws(SQLiteError) in
                let quoted = partial.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
                try table.connection.execute("VACUUM INTO '\(quoted)'")
            }
            try Files.sync(partial)
            try Files.rename(partial, to: path)
        } catch {
            Files.remove(partial)
            throw error
        }
    }
}

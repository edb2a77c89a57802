internal import Dispatch
internal import Storage
internal import Synchronization

/// A connection that only reads, on a thread of its own: a read that waits for the disk holds up no task that does not need it.
final class LogReader: Sendable {
    private let file: StoreFile
    private let queue: DispatchQueue
    /// nil until the first read, and again when closed.
    private let table = Mutex<LogTable?>(nil)
    private let isClosed = Atomic(false)

    init(_ file: StoreFile, label: String) {
        self.file = file
        queue = DispatchQueue(label: label)
    }

    /// Reads the state of one moment.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (LogTable) throws(SQLiteError) -> Value
    ) async throws(StorageError) -> Value {
        try await run { (table) throws(SQLiteError) in try table.consistently(body) }
    }

    /// Runs something on the connection as it is, outside a transaction.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (LogTable) throws(SQLiteError) -> Value
    ) async throws(StorageError) -> Value {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, StorageError>, Never>) in
            queue.async { continuation.resume(returning: Result { () throws(StorageError) in try self.runNow(body) }) }
        }
        return try result.get()
    }

    private func runNow<Value: Sendable>(_ body: (LogTable) throws(SQLiteError) -> Value) throws(StorageError) -> Value {
        guard !isClosed.load(ordering: .acquiring) else { throw .closed }
        return try file.naming { () throws(SQLiteError) in
            try table.withLock { (table) throws(SQLiteError) in
                if let table { return try body(table) }
                let opened = LogTable(connection: try Connection(path: file.path, mayWrite: false))
                try opened.connection.execute("PRAGMA cache_size = -512")
                table = opened
                return try body(opened)
            }
        }
    }

    /// - Returns: The damage.
    func check() async -> StorageError? {
        let file = file
        do {
            let findings = try await read { (table) throws(SQLiteError) in try StoreCheck.structure(table.connection) }
            return findings.map(file.damage)
        } catch {
            return error
        }
    }

    func close() async {
        isClosed.store(true, ordering: .releasing)
        await withCheckedContinuation { continuation in
            queue.async {
                self.table.withLock { $0 = nil }
                continuation.resume()
            }
        }
    }
}

internal import Storage
internal import Synchronization

/// The open files of a store and what is known of them.
final class StoreCore: Sendable {
    let file: StoreFile
    private let lock: StoreLock
    private let ledger: Mutex<Ledger>
    /// nil when closed.
    private let writer: Mutex<LogWriter?>
    private let readers: [LogReader]
    private let nextReader = Atomic(0)

    init(file: StoreFile, lock: StoreLock, ledger: Ledger, writer: sending LogWriter) {
        self.file = file
        self.lock = lock
        self.ledger = Mutex(ledger)
        self.writer = Mutex(writer)
        // Two: a long list does not hold up the reads of all others, and each costs half a megabyte.
        readers = ["swiftlet.store.reader-0", "swiftlet.store.reader-1"].map { LogReader(file, label: $0) }
    }

    func known<Value: Sendable>(_ body: (borrowing Ledger) throws(StorageError) -> Value) throws(StorageError) -> Value {
        try ledger.withLock { (ledger) throws(StorageError) in try body(ledger) }
    }

    func update<Value: Sendable>(_ body: (inout Ledger) -> Value) -> Value { ledger.withLock { body(&$0) } }

    func write<Value: Sendable>(_ body: (inout LogWriter) throws(StorageError) -> Value) throws(StorageError) -> Value {
        try writer.withLock { (writer) throws(StorageError) in
            guard writer != nil else { throw .closed }
            if let failure = writer?.failure { throw failure }
            defer { if let failure = writer?.failure { update { $0.failure = failure } } }
            return try body(&writer!)
        }
    }

    var reader: LogReader {
        readers[nextReader.wrappingAdd(1, ordering: .relaxed).newValue & (readers.count - 1)]
    }

    func closeReaders() async { for reader in readers { await reader.close() } }

    func closeWriter() {
        writer.withLock { $0 = nil }
        lock.release()
    }
}

internal import Storage

/// What a batch of writes comes to, decided before anything is written.
struct CommitPlan {
    /// One for each request: its revision, or why it is refused.
    private(set) var results: [Result<Int64, StorageError>] = []
    private(set) var rows: [LogRow] = []
    private(set) var events: [StorageEvent] = []
    private(set) var changes: [KeyChange] = []
    /// The keys that this batch has changed already, by their bytes.
    private var changed: [[UInt8]: KeyChange] = [:]
    private var revision: Int64
    /// Milliseconds since 1970.
    private let now: Int64

    struct KeyChange {
        var entry: KeyEntry
        var isDeleted: Bool
    }

    /// - Parameter revision: The last one given.
    init(after revision: Int64, now: Int64) {
        self.revision = revision
        self.now = now
    }

    /// - Parameters:
    ///   - committed: The key as it was before the batch.
    ///   - read: Reads a value that is in the log.
    mutating func add(
        _ request: WriteRequest, committed: KeyEntry?, read: (KeyEntry) throws(StorageError) -> [UInt8]
    ) {
        let bytes = Array(request.key.utf8)
        let current = changed[bytes].map { $0.isDeleted ? nil : $0.entry } ?? committed
        var previous = current?.value
        do {
            if let current, previous == nil { previous = try read(current) }
        } catch {
            // A damaged value is the trouble of its key; the others can go on.
            results.append(.failure(error))
            return
        }
        guard let kind = request.kind(given: current) else {
            let object = current.map { current in
                StoredObject(
                    key: current.key, value: previous ?? [], createRevision: current.createRevision, modRevision: current.modRevision)
            }
            results.append(.failure(.conflict(current: object)))
            return
        }
        revision += 1
        results.append(.success(revision))
        append(request, kind, to: current, previous, bytes)
    }

    private mutating func append(
        _ request: WriteRequest, _ kind: StorageEvent.Kind, to current: KeyEntry?, _ previous: [UInt8]?, _ bytes: [UInt8]
    ) {
        var value: [UInt8] = []
        var expiresAt: Int64?
        if case .put(let new, let expiry) = request.change { (value, expiresAt) = (new, expiry) }
        let created = current?.createRevision ?? revision
        rows.append(
            LogRow(
                revision: revision, key: request.key, created: created, previous: current?.modRevision ?? 0,
                isDeleted: kind == .deleted, expires: expiresAt ?? 0, written: now, value: value))
        events.append(
            StorageEvent(
                kind: kind, key: request.key, value: kind == .deleted ? previous ?? [] : value, previous: previous,
                createRevision: created, revision: revision))
        let entry = KeyEntry(
            key: request.key, createRevision: created, modRevision: revision, expiresAt: expiresAt, value: value)
        let change = KeyChange(entry: entry, isDeleted: kind == .deleted)
        changes.append(change)
        changed[bytes] = change
    }
}

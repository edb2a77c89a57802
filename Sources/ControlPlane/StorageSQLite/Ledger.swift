internal import Storage

/// What a store knows without reading: every present key and the bounds of its log. Changed by the writer alone, after a commit is durable.
struct Ledger {
    var index = KeyIndex<KeyEntry>()
    var expiries = ExpiryQueue()
    var currentRevision: Int64 = 0
    var oldestRevision: Int64 = 0
    /// Why nothing can be written any more.
    var failure: StorageError?
    var isClosed = false

    mutating func apply(_ changes: [CommitPlan.KeyChange], upTo revision: Int64) {
        for change in changes {
            guard !change.isDeleted else {
                index.remove(change.entry.key)
                continue
            }
            var entry = change.entry
            entry.value = nil
            index.set(entry)
            if let time = entry.expiresAt { expiries.add(entry.key, at: time) }
        }
        currentRevision = revision
    }

    /// Takes keys that have expired out of the queue.
    ///
    /// - Returns: Deletions that are refused if the key is written before them.
    mutating func removeExpired(at now: Int64, limit: Int) -> [WriteRequest] {
        expiries.removeDue(at: now, limit: limit).compactMap { item in
            guard let entry = index[item.key], entry.expiresAt == item.time else { return nil }
            return WriteRequest(key: item.key, change: .delete, precondition: .revision(entry.modRevision))
        }
    }

    /// Puts back what `removeExpired` took out and could not be deleted.
    mutating func requeue(_ key: String) {
        if let time = index[key]?.expiresAt { expiries.add(key, at: time) }
    }

    /// - Parameter revision: nil for now.
    func check(_ revision: Int64?) throws(StorageError) {
        guard !isClosed else { throw .closed }
        guard let revision else { return }
        guard revision >= oldestRevision else { throw .compacted(oldest: oldestRevision) }
        guard revision <= currentRevision else { throw .future(current: currentRevision) }
    }
}

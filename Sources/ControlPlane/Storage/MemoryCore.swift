import Synchronization

/// The state of a store in memory.
final class MemoryCore: Sendable {
    struct State {
        var index = KeyIndex<KeyEntry>()
        /// The changes after `oldestRevision`, each one revision behind the one before.
        var log: [LoggedChange] = []
        var currentRevision: Int64 = 0
        var oldestRevision: Int64 = 0
        var expiries = ExpiryQueue()
        var isClosed = false
    }
    struct LoggedChange {
        var event: StorageEvent
        /// The key as it was before; nil when it was not there.
        var before: KeyEntry?
        /// Milliseconds since 1970.
        var writtenAt: Int64
    }
    private let state = Mutex(State())

    func read<Value: Sendable>(_ body: (borrowing State) -> Value) -> Value { state.withLock { body($0) } }

    /// The keys at a revision and the revision itself.
    func ledger(at revision: Int64?) throws(StorageError) -> (index: KeyIndex<KeyEntry>, revision: Int64) {
        try state.withLock { (state) throws(StorageError) in
            try state.check(revision)
            return (state.index(at: revision ?? state.currentRevision), revision ?? state.currentRevision)
        }
    }

    func log(after revision: Int64) throws(StorageError) -> LogSlice {
        try state.withLock { (state) throws(StorageError) in
            try state.check(revision)
            let slice = state.log.dropFirst(Int(revision - state.oldestRevision)).prefix(256)
            return LogSlice(events: slice.map(\.event), upTo: revision + Int64(slice.count))
        }
    }

    func apply(_ request: WriteRequest, now: Int64) throws(StorageError) -> StorageEvent {
        try state.withLock { (state) throws(StorageError) in
            guard !state.isClosed else { throw .closed }
            let current = state.index[request.key]
            guard let kind = request.kind(given: current) else { throw .conflict(current: current.map(StoredObject.init)) }
            return state.apply(request, kind, to: current, now: now)
        }
    }

    func compact(before revision: Int64) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            guard !state.isClosed else { throw .closed }
            guard revision <= state.currentRevision else { throw .future(current: state.currentRevision) }
            state.forget(before: revision)
        }
    }

    func compact(now: Int64, _ retention: StorageRetention) {
        state.withLock { state in
            let young = now - retention.age.millisecondsRoundedUp
            let old = state.log.prefix { $0.writtenAt <= young }.last?.event.revision
            let surplus = state.currentRevision - Int64(retention.revisionsMax)
            state.forget(before: max(old ?? 0, surplus))
        }
    }

    func nextExpired(at now: Int64) -> KeyEntry? {
        state.withLock { state in
            while let item = state.expiries.removeDue(at: now, limit: 1).first {
                guard let entry = state.index[item.key], entry.expiresAt == item.time else { continue }
                return entry
            }
            return nil
        }
    }

    func close() { state.withLock { $0.isClosed = true } }
}

extension MemoryCore.State {
    fileprivate func check(_ revision: Int64?) throws(StorageError) {
        guard !isClosed else { throw .closed }
        guard let revision else { return }
        guard revision >= oldestRevision else { throw .compacted(oldest: oldestRevision) }
        guard revision <= currentRevision else { throw .future(current: currentRevision) }
    }

    /// The keys now, with every later change taken back, last first.
    fileprivate func index(at revision: Int64) -> KeyIndex<KeyEntry> {
        var past = index
        for change in log.reversed() {
            guard change.event.revision > revision else { break }
            if let before = change.before { past.set(before) } else { past.remove(change.event.key) }
        }
        return past
    }

    fileprivate mutating func apply(
        _ request: WriteRequest, _ kind: StorageEvent.Kind, to current: KeyEntry?, now: Int64
    ) -> StorageEvent {
        currentRevision += 1
        let createRevision = current?.createRevision ?? currentRevision
        var value = current?.value ?? []
        switch request.change {
        case .put(let new, let expiresAt):
            value = new
            index.set(
                KeyEntry(
                    key: request.key, createRevision: createRevision, modRevision: currentRevision, expiresAt: expiresAt, value: new))
            if let expiresAt { expiries.add(request.key, at: expiresAt) }
        case .delete:
            index.remove(request.key)
        }
        let event = StorageEvent(
            kind: kind, key: request.key, value: value, previous: current?.value, createRevision: createRevision,
            revision: currentRevision)
        log.append(MemoryCore.LoggedChange(event: event, before: current, writtenAt: now))
        return event
    }

    fileprivate mutating func forget(before revision: Int64) {
        guard revision > oldestRevision else { return }
        log.removeFirst(Int(revision - oldestRevision))
        oldestRevision = revision
    }
}

extension StoredObject {
    /// - Parameter entry: Of a store that keeps values in memory.
    init(_ entry: KeyEntry) {
        self.init(
            key: entry.key, value: entry.value ?? [], createRevision: entry.createRevision, modRevision: entry.modRevision)
    }
}

import Synchronization

/// What was found out lately.
final class ExpiringCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let entries = Mutex<[Key: (value: Value, until: Duration)]>([:])
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    func value(of key: Key, at now: Duration) -> Value? {
        entries.withLock { entries in
            guard let entry = entries[key] else { return nil }
            if entry.until > now { return entry.value }
            entries[key] = nil
            return nil
        }
    }

    func set(_ value: Value, for key: Key, until: Duration) {
        entries.withLock { entries in
            if entries.count >= countMax { entries.removeAll() }
            entries[key] = (value, until)
        }
    }
}

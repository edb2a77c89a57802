import Synchronization

/// How long a failed pod stays before it is replaced, by set, generation and node: a node that refuses a pod would be asked in a circle.
final class FailedPodBackoff: Sendable {
    private struct Entry {
        var wait: Duration
        var last: Duration
    }
    static let first: Duration = .seconds(1)
    static let longest: Duration = .seconds(900)
    private let entries = Mutex<[String: Entry]>([:])

    /// How long to wait still; nil when the pod may go. Then the next time takes longer.
    func wait(_ key: String, at now: Duration) -> Duration? {
        entries.withLock { entries in
            guard let entry = entries[key], now - entry.last <= Self.longest * 2 else {
                entries[key] = Entry(wait: Self.first, last: now)
                return nil
            }
            let left = entry.last + entry.wait - now
            guard left <= .zero else { return left }
            entries[key] = Entry(wait: min(entry.wait * 2, Self.longest), last: now)
            return nil
        }
    }

    func forget(prefix: String) {
        entries.withLock { entries in entries = entries.filter { !$0.key.hasPrefix(prefix) } }
    }
}

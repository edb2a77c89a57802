package import APIMachinery

/// How long to wait before something that keeps failing is tried again: 10 s, doubled each time, at most 300 s.
///
/// A pure value; the times are the caller's. Rules as client-go's `flowcontrol.Backoff` has them in the kubelet.
package struct Backoff: Sendable {
    private struct Entry: Sendable {
        var delay: Duration
        /// When the delay was last advanced.
        var advancedAt: Timestamp
    }
    package let base: Duration
    package let cap: Duration
    /// An entry is forgotten when the event came this long after the last advance.
    package let expiry: Duration
    private var entries: [String: Entry] = [:]

    package init(base: Duration = .seconds(10), cap: Duration = .seconds(300), expiry: Duration = .seconds(600)) {
        self.base = min(base, cap)
        self.cap = cap
        self.expiry = expiry
    }

    /// The delay now in force; zero without an entry.
    package func delay(_ key: String) -> Duration { entries[key]?.delay ?? .zero }

    /// When the wait after `event` is over; nil when there is none.
    package func end(_ key: String, after event: Timestamp, now: Timestamp) -> Timestamp? {
        guard let entry = entries[key], !isExpired(entry, event), now - event < entry.delay else { return nil }
        return event + entry.delay
    }

    /// When the wait after the last advance is over; nil when there is none.
    package func endSinceAdvance(_ key: String, now: Timestamp) -> Timestamp? {
        entries[key].flatMap { end(key, after: $0.advancedAt, now: now) }
    }

    /// Counts one more try after a failure at `event`.
    package mutating func advance(_ key: String, after event: Timestamp, now: Timestamp) {
        guard let entry = entries[key], !isExpired(entry, event) else {
            entries[key] = Entry(delay: base, advancedAt: now)
            return
        }
        entries[key] = Entry(delay: min(entry.delay * 2, cap), advancedAt: now)
    }

    package mutating func reset(_ key: String) { entries[key] = nil }

    package mutating func removeAll(where isGone: (String) -> Bool) {
        entries = entries.filter { !isGone($0.key) }
    }

    private func isExpired(_ entry: Entry, _ event: Timestamp) -> Bool { event - entry.advancedAt > expiry }
}

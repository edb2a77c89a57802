import Glibc

/// Time as a store sees it: when keys expire and how old a revision is.
///
/// Two implementations: the machine's, and a simulation's.
package protocol StorageClock: Sendable {
    /// Milliseconds since 1970. What is stored outlives the process, so this is wall time; when it is set back, keys expire later.
    var millisecondsSinceEpoch: Int64 { get }
    func sleep(for duration: Duration) async throws
}

/// CLOCK_REALTIME, clock_gettime(2).
package struct SystemStorageClock: StorageClock {
    package init() {}

    package var millisecondsSinceEpoch: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    package func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}

extension Duration {
    /// Whole milliseconds, rounded up: an expiry is never early.
    package var millisecondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        let perMillisecond: Int64 = 1_000_000_000_000_000
        return seconds * 1000 + (attoseconds + perMillisecond - 1) / perMillisecond
    }
}

internal import CLinux

/// A reading of CLOCK_MONOTONIC in nanoseconds, for deadlines.
struct Instant: Comparable {
    let nanoseconds: Int64

    static func now() -> Instant { Instant(nanoseconds: sv_monotonic()) }

    static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
    static func + (left: Instant, nanoseconds: Int64) -> Instant { Instant(nanoseconds: left.nanoseconds + nanoseconds) }
    static func - (left: Instant, right: Instant) -> Int64 { left.nanoseconds - right.nanoseconds }

    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000

    /// The earlier of two deadlines, of which either may be missing.
    static func earliest(_ left: Instant?, _ right: Instant?) -> Instant? {
        guard let left else { return right }
        guard let right else { return left }
        return min(left, right)
    }
}

/// CLOCK_REALTIME, nanoseconds since 1970.
enum WallClock {
    static func now() -> Int64 { sv_realtime() }
}

private import Glibc

/// A point in time, without time zone. Written as RFC 3339 in UTC with whole seconds, as `metav1.Time` is.
package struct Timestamp: Hashable, Sendable, Comparable {
    /// Since 1970-01-01T00:00:00Z, without leap seconds.
    package let seconds: Int64
    /// 0 to 999,999,999.
    package let nanoseconds: Int32

    /// - Parameter nanoseconds: Any number; whole seconds in it are carried over.
    package init(seconds: Int64, nanoseconds: Int64 = 0) {
        let (carry, rest) = nanoseconds.flooredQuotientAndRemainder(dividingBy: 1_000_000_000)
        self.seconds = seconds &+ carry
        self.nanoseconds = Int32(rest)
    }

    package init(nanosecondsSinceEpoch nanoseconds: Int64) { self.init(seconds: 0, nanoseconds: nanoseconds) }

    /// The nearest `Int64` for times before 1677 and after 2262.
    package var nanosecondsSinceEpoch: Int64 {
        Int64(clamping: Int128(seconds) * 1_000_000_000 + Int128(nanoseconds))
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The host's real-time clock.
    package static func now() -> Timestamp {
        var time = timespec()
        // CLOCK_REALTIME cannot fail: clock_gettime(2).
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }
}

extension Timestamp {
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(
            seconds: time.seconds &+ seconds, nanoseconds: Int64(time.nanoseconds) + attoseconds / 1_000_000_000)
    }

    package static func - (time: Timestamp, duration: Duration) -> Timestamp { time + (.zero - duration) }

    /// The time that lies between two points.
    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .seconds(later.seconds - earlier.seconds)
            + .nanoseconds(Int64(later.nanoseconds) - Int64(earlier.nanoseconds))
    }

    /// The same second with its fraction cut off, which is all that a `Time` field keeps.
    package var truncatedToSeconds: Timestamp { Timestamp(seconds: seconds) }
}

/// A point in time that is written with microseconds, as `metav1.MicroTime` is.
package struct MicroTimestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var timestamp: Timestamp

    package init(_ timestamp: Timestamp) { self.timestamp = timestamp }
    package static func now() -> MicroTimestamp { MicroTimestamp(.now()) }
    package static func < (left: MicroTimestamp, right: MicroTimestamp) -> Bool { left.timestamp < right.timestamp }
    package var description: String { timestamp.formatted(fractionDigits: 6) }
}

extension Int64 {
    /// Division that rounds down, so that the remainder has the divisor's sign.
    func flooredQuotientAndRemainder(dividingBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

import Glibc

/// Durations in microseconds.
struct Samples: Sendable {
    private(set) var microseconds: [Double] = []

    /// Nanoseconds of the monotonic clock.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    mutating func add(from start: UInt64, to end: UInt64) { microseconds.append(Double(end - start) / 1000) }
    mutating func merge(_ other: Samples) { microseconds += other.microseconds }

    func report(_ name: String) {
        let sorted = microseconds.sorted()
        guard !sorted.isEmpty else { return }
        Report.number("\(name).p50-us", sorted[sorted.count / 2])
        Report.number("\(name).p99-us", sorted[min(sorted.count - 1, sorted.count * 99 / 100)])
        Report.number("\(name).max-us", sorted[sorted.count - 1])
    }
}

enum Report {
    static func number(_ name: String, _ value: Double) { print("\(name)\t\((value * 10).rounded() / 10)") }
}

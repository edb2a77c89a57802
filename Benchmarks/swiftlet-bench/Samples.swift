/// Durations of one operation, repeated.
struct Samples {
    private(set) var microseconds: [Double] = []

    mutating func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        microseconds.append(Double(seconds) * 1e6 + Double(attoseconds) / 1e12)
    }

    func percentile(_ fraction: Double) -> Double {
        guard !microseconds.isEmpty else { return .nan }
        let sorted = microseconds.sorted()
        return sorted[Int((fraction * Double(sorted.count - 1)).rounded())]
    }

    /// One line for `Benchmarks/run`: name, p50 and p99 in microseconds, separated by tabs.
    func report(_ name: String) {
        print("\(name)\t\(percentile(0.5).rounded())\t\(percentile(0.99).rounded())")
    }
}

/// One figure with its unit in its name, for `Benchmarks/run`.
func report(_ name: String, _ value: Double) { print("\(name)\t\(value)") }

/// Durations of one operation, repeated.
struct Samples {
    private(set) var microseconds: [Double] = []

    mutating func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        microseconds.append(Double(seconds) * 1e6 + Double(attoseconds) / 1e12)
    }

    func prefix(_ count: Int) -> Samples { Samples(microseconds: Array(microseconds.prefix(count))) }
    func suffix(_ count: Int) -> Samples { Samples(microseconds: Array(microseconds.suffix(count))) }
    var median: Double { microseconds.sorted()[microseconds.count / 2] }

    /// One line for `Benchmarks/run`: the name and every sample in microseconds, separated by tabs.
    func report(_ name: String) {
        print(([name] + microseconds.map { "\($0.rounded())" }).joined(separator: "\t"))
    }
}

/// One figure with its unit in its name, for `Benchmarks/run`.
func report(_ name: String, _ value: Double) { print("\(name)\t\(value)") }

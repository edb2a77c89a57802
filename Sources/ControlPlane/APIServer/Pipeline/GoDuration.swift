internal import APIMachinery

/// Durations as Go writes them: `1h30m`, `1.5s`, `-2ms`.
enum GoDuration {
    /// - Returns: What is wrong with the text in the words of Go's parser; nil for a duration.
    static func problem(_ text: String) -> String? {
        if case .failure(let problem) = read(text) { problem.text } else { nil }
    }

    /// - Returns: nil for a text that is none.
    static func value(_ text: String) -> Duration? { try? read(text).get() }

    private struct Problem: Error {
        var text: String
    }

    private static let units: [String: Duration] = [
        "ns": .nanoseconds(1), "us": .microseconds(1), "µs": .microseconds(1), "μs": .microseconds(1), "ms": .milliseconds(1),
        "s": .seconds(1), "m": .seconds(60), "h": .seconds(3600),
    ]

    private static func read(_ text: String) -> Result<Duration, Problem> {
        var rest = Substring(text)
        var sign = 1.0
        if let first = rest.first, "+-".contains(first) {
            sign = first == "-" ? -1 : 1
            rest.removeFirst()
        }
        if rest == "0" { return .success(.zero) }
        let invalid = Problem(text: "time: invalid duration \(text.quoted)")
        guard !rest.isEmpty else { return .failure(invalid) }
        var sum = Duration.zero
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            // Far beyond any limit of time, and where Go's own numbers end.
            guard let number = Double(digits), number < 1e12 else { return .failure(invalid) }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            guard !unit.isEmpty else { return .failure(Problem(text: "time: missing unit in duration \(text.quoted)")) }
            guard let length = units[String(unit)] else {
                return .failure(Problem(text: "time: unknown unit \(String(unit).quoted) in duration \(text.quoted)"))
            }
            rest = rest.dropFirst(unit.count)
            sum += length * (number * sign)
        }
        return .success(sum)
    }
}

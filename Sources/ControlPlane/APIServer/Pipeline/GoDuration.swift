internal import APIMachinery

/// Durations as Go writes them: `1h30m`, `1.5s`, `-2ms`.
enum GoDuration {
    /// - Returns: What is wrong with the text in the words of Go's parser; nil for a duration.
    static func problem(_ text: String) -> String? {
        var rest = Substring(text)
        if let sign = rest.first, "+-".contains(sign) { rest.removeFirst() }
        if rest == "0" { return nil }
        guard !rest.isEmpty else { return "time: invalid duration \(text.quoted)" }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            guard !number.isEmpty, Double(number) != nil else { return "time: invalid duration \(text.quoted)" }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            guard !unit.isEmpty else { return "time: missing unit in duration \(text.quoted)" }
            guard ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(String(unit)) else {
                return "time: unknown unit \(String(unit).quoted) in duration \(text.quoted)"
            }
            rest = rest.dropFirst(unit.count)
        }
        return nil
    }
}

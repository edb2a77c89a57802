/// Durations as Go writes them: `1h30m`, `500ms`, `-1.5s`.
package enum GoDuration {
    /// - Returns: Seconds; nil for anything but a duration.
    package static func seconds(_ text: String) -> Double? {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
            guard let amount = Double(number) ?? Double("0" + number + "0"), number != "." else { return nil }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0 == "." || ("0"..."9").contains($0)) }
            guard let factor = units[String(unit)] else { return nil }
            total += amount * factor
            rest = rest.dropFirst(unit.count)
        }
        return isNegative ? -total : total
    }

    private static let units: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600,
    ]
}

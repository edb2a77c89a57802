/// Durations as Go writes and reads them, in nanoseconds.
enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]

    /// `1h30m`, `-1.5s`, `0`. Nil for what is none, or beyond 64 bits.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text).unicodeScalars
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        if rest.count == 1, rest.first == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var sum: Int128 = 0
        while !rest.isEmpty {
            guard let part = part(&rest) else { return nil }
            sum += part
            guard sum <= Int128(Int64.max) + 1 else { return nil }
        }
        return Int64(exactly: isNegative ? -sum : sum)
    }

    private static func part(_ rest: inout Substring.UnicodeScalarView) -> Int128? {
        var (whole, fraction, scale): (Int128, Int128, Int128) = (0, 0, 1)
        var (digits, isFraction) = (0, false)
        while let scalar = rest.first {
            if scalar == ".", !isFraction {
                isFraction = true
            } else if Lexer.isDigit(scalar) {
                let digit = Int128(scalar.value - 0x30)
                digits += 1
                if !isFraction {
                    whole = whole * 10 + digit
                    guard whole <= Int128(Int64.max) else { return nil }
                } else if scale < 1_000_000_000_000_000 {
                    fraction = fraction * 10 + digit
                    scale *= 10
                }
            } else {
                break
            }
            rest.removeFirst()
        }
        guard digits > 0 else { return nil }
        let name = String(rest.prefix { $0 != "." && !Lexer.isDigit($0) })
        guard let unit = units.first(where: { $0.name == name })?.nanoseconds else { return nil }
        rest.removeFirst(name.unicodeScalars.count)
        return whole * Int128(unit) + fraction * Int128(unit) / scale
    }

    /// In seconds, as CEL prints durations: `5400s`, `0.001s`.
    static func text(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        var text = "\(nanoseconds < 0 ? "-" : "")\(magnitude / 1_000_000_000)"
        let rest = magnitude % 1_000_000_000
        if rest > 0 {
            var digits = String(rest)
            digits = String(repeating: "0", count: 9 - digits.count) + digits
            while digits.hasSuffix("0") { digits.removeLast() }
            text += ".\(digits)"
        }
        return text + "s"
    }
}

/// A text that is no quantity.
package struct QuantityError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable { case format, suffix }
    package let reason: Reason

    /// Upstream's words, which clients match on.
    package var description: String {
        switch reason {
        case .format:
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        case .suffix: "unable to parse quantity's suffix"
        }
    }
}

extension Quantity {
    /// Reads `[+-] digits [. digits] [suffix]`, where the suffix is one of `n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei`,
    /// or `e`/`E` with a signed exponent. Either side of the point may be without digits, not both. As upstream has it, an amount beyond
    /// 2^63 - 1 units is taken for that.
    package init(parsing text: String) throws(QuantityError) {
        var rest = Substring(text).utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        var number = DecimalDigits()
        try number.read(&rest)
        let scale = try Self.scale(ofSuffix: Substring(rest))
        let magnitude = min(number.nanos(scaledBy: scale) ?? .max, Self.nanosMax)
        let isBelowOne = magnitude > 0 && magnitude < Self.nanosPerUnit
        // Less than one unit cannot be written with binary suffixes.
        let format = scale.format == .binarySI && isBelowOne ? .decimalSI : scale.format
        self.init(nanos: isNegative ? -magnitude : magnitude, format: format)
    }

    /// What a suffix multiplies by: 10 to the `exponent10`, times 2 to the `exponent2`.
    struct Scale {
        var exponent10 = 0
        var exponent2 = 0
        var format = Format.decimalSI
    }

    private static func scale(ofSuffix suffix: Substring) throws(QuantityError) -> Scale {
        if let (_, exponent) = decimalSuffixes.first(where: { $0.suffix == suffix }) {
            return Scale(exponent10: exponent)
        }
        if let (_, exponent) = binarySuffixes.first(where: { $0.suffix == suffix }) {
            return Scale(exponent2: exponent, format: .binarySI)
        }
        guard let letter = suffix.first, letter == "e" || letter == "E" else { throw QuantityError(reason: .format) }
        let digits = suffix.dropFirst()
        guard let exponent = Int(digits) else { throw QuantityError(reason: digits.isEmpty ? .format : .suffix) }
        return Scale(exponent10: max(-exponentMax, min(exponent, exponentMax)), format: .decimalExponent)
    }

    private static let nanosMax = Int128(Int64.max) * nanosPerUnit
    /// Beyond it, either way, every amount is the largest or the smallest one.
    private static let exponentMax = 1_000

    static let decimalSuffixes: [(suffix: Substring, exponent: Int)] = [
        ("", 0), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18), ("u", -6), ("n", -9),
    ]
    static let binarySuffixes: [(suffix: Substring, exponent: Int)] = [
        ("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60),
    ]
}

/// Decimal digits without sign: `digits` times 10 to the `droppedCount` minus `fractionCount`.
private struct DecimalDigits {
    private var digits: Int128 = 0
    private var fractionCount = 0
    /// Digits before the point, beyond the 28 that are kept.
    private var droppedCount = 0
    /// Something other than 0 was among the digits that are not kept.
    private var hasMore = false

    mutating func read(_ text: inout Substring.UTF8View) throws(QuantityError) {
        var count = 0
        var isFraction = false
        while let byte = text.first {
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else if case let digit = byte &- 0x30, digit < 10 {
                count += 1
                append(Int128(digit), isFraction: isFraction)
            } else {
                break
            }
            text.removeFirst()
        }
        guard count > 0 else { throw QuantityError(reason: .format) }
    }

    private mutating func append(_ digit: Int128, isFraction: Bool) {
        if digits < Self.limit {
            digits = digits * 10 + digit
            if isFraction { fractionCount += 1 }
        } else {
            if !isFraction { droppedCount += 1 }
            hasMore = hasMore || digit != 0
        }
    }

    /// The amount in billionths rounded up, or nil when it is too large for the type.
    func nanos(scaledBy scale: Quantity.Scale) -> Int128? {
        if digits == 0 { return hasMore ? 1 : 0 }
        let factor = Int128(1) << scale.exponent2
        var (digits, fractionCount, hasMore) = (digits, fractionCount, hasMore)
        // Of a long fraction the last digits make room for the factor.
        while fractionCount > 0, digits.multipliedReportingOverflow(by: factor).overflow {
            hasMore = hasMore || digits % 10 != 0
            digits /= 10
            fractionCount -= 1
        }
        let (value, overflow) = digits.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        return Self.multiply(value, byTenTo: scale.exponent10 + droppedCount - fractionCount + 9, roundingUp: hasMore)
    }

    private static func multiply(_ value: Int128, byTenTo exponent: Int, roundingUp hasMore: Bool) -> Int128? {
        var result = value
        guard exponent < 0 else {
            guard exponent <= 38 else { return nil }
            for _ in 0..<exponent {
                let (product, overflow) = result.multipliedReportingOverflow(by: 10)
                if overflow { return nil }
                result = product
            }
            return hasMore ? result + 1 : result
        }
        var hasRemainder = hasMore
        for _ in 0..<min(-exponent, 40) {
            hasRemainder = hasRemainder || result % 10 != 0
            result /= 10
        }
        return hasRemainder ? result + 1 : result
    }

    private static let limit = Int128(1_000_000_000_000_000_000) * 1_000_000_000
}

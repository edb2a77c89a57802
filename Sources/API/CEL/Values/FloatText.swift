private import Glibc

/// Numbers with a fraction as Go writes and reads them.
enum FloatText {
    /// The shortest text that reads back as the same number, as `%g` prints it: `1`, `0.1`, `1e+06`, `+Inf`.
    static func shortest(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0" }
        let (digits, exponent) = digits(of: value.magnitude)
        if exponent < -4 || exponent >= 6 {
            let rest = digits.dropFirst()
            let power = abs(exponent)
            return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : ".")\(rest)e\(exponent < 0 ? "-" : "+")\(power < 10 ? "0" : "")\(power)"
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let whole = digits.prefix(exponent + 1)
        let fraction = digits.dropFirst(exponent + 1)
        let zeros = String(repeating: "0", count: exponent + 1 - whole.count)
        return "\(sign)\(whole)\(zeros)\(fraction.isEmpty ? "" : ".")\(fraction)"
    }

    /// The digits that count, and the power of ten of the first.
    private static func digits(of value: Double) -> (digits: String, exponent: Int) {
        var text = Substring(value.description)
        var exponent = 0
        if let mark = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = text[..<mark]
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let (whole, fraction) = (parts[0], parts.count > 1 ? parts[1] : "")
        let all = whole + fraction
        let leading = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(leading)
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        return (String(digits), exponent + whole.count - 1 - leading)
    }

    /// A fixed number of digits behind the point.
    static func fixed(_ value: Double, digits: Int) -> String { formatted(value, "%.\(digits)f") }

    /// One digit before the point and a power of ten: `1.500000e+03`.
    static func scientific(_ value: Double, digits: Int) -> String { formatted(value, "%.\(digits)e") }

    private static func formatted(_ value: Double, _ format: String) -> String {
        // The largest number has 309 digits before the point; vsnprintf(3) writes no more than it is given room for.
        var buffer = [CChar](repeating: 0, count: 512)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            unsafe withVaList([value]) { unsafe vsnprintf(buffer.baseAddress, buffer.count, format, $0) }
        }
        return String(decoding: buffer.prefix(max(0, min(Int(count), buffer.count - 1))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func parse(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default:
            guard let first = text.utf8.first, first != 0x20, let value = Double(text), value.isFinite else { return nil }
            return value
        }
    }
}

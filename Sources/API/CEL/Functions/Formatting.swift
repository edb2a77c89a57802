internal import APIMachinery

/// `'%s has %d'.format([…])` (cel-go `ext/formatting.go`).
struct Formatting {
    private let format: [Unicode.Scalar]
    private let values: [CELValue]
    private var position = 0
    private var used = 0

    init(_ format: String, _ values: [CELValue]) {
        self.format = Array(format.unicodeScalars)
        self.values = values
    }

    private static let maxPrecision = 100

    private func failure(_ text: String) -> CELEvaluationError { CELEvaluationError("error during formatting: \(text)") }

    mutating func text() throws(CELEvaluationError) -> String {
        var result = ""
        while position < format.count {
            let scalar = format[position]
            position += 1
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            result += try clause()
        }
        return result
    }

    private mutating func clause() throws(CELEvaluationError) -> String {
        guard position < format.count else { throw failure("unexpected end of string") }
        if format[position] == "%" {
            position += 1
            return "%"
        }
        let precision = try precision()
        guard position < format.count else { throw failure("could not parse formatting clause: no verb") }
        let verb = format[position]
        position += 1
        guard used < values.count else { throw failure("index \(used) out of range") }
        let value = values[used]
        used += 1
        guard let text = Self.text(value, verb, precision ?? 6) else {
            if !"sdfexXbo".unicodeScalars.contains(verb) {
                throw failure("could not parse formatting clause: unrecognized formatting clause \"\(verb)\"")
            }
            throw failure("could not apply %\(verb) to a value of type \(value.type.runtimeName)")
        }
        return text
    }

    private mutating func precision() throws(CELEvaluationError) -> Int? {
        guard format[position] == "." else { return nil }
        position += 1
        let start = position
        while position < format.count, Lexer.isDigit(format[position]) { position += 1 }
        guard let digits = Int(Libraries.joined(format[start..<position])), digits <= Self.maxPrecision else {
            throw failure("could not parse formatting clause: error while converting precision to integer")
        }
        return digits
    }

    /// - Returns: nil when the verb has no form for the value.
    private static func text(_ value: CELValue, _ verb: Unicode.Scalar, _ precision: Int) -> String? {
        switch (verb, value) {
        case ("s", _): return plain(value)
        case ("d", .int), ("d", .uint): return Text.of(value)
        case ("f", .double(let number)): return FloatText.fixed(number, digits: precision)
        case ("f", .int(let number)): return FloatText.fixed(Double(number), digits: precision)
        case ("f", .uint(let number)): return FloatText.fixed(Double(number), digits: precision)
        case ("e", .double(let number)): return FloatText.scientific(number, digits: precision)
        case ("e", .int(let number)): return FloatText.scientific(Double(number), digits: precision)
        case ("e", .uint(let number)): return FloatText.scientific(Double(number), digits: precision)
        case ("b", .bool(let flag)): return flag ? "1" : "0"
        case ("b", _): return whole(value, radix: 2)
        case ("o", _): return whole(value, radix: 8)
        case ("x", _): return hexadecimal(value, isUppercase: false)
        case ("X", _): return hexadecimal(value, isUppercase: true)
        default: return nil
        }
    }

    private static func whole(_ value: CELValue, radix: Int, isUppercase: Bool = false) -> String? {
        switch value {
        case .int(let number): String(number, radix: radix, uppercase: isUppercase)
        case .uint(let number): String(number, radix: radix, uppercase: isUppercase)
        default: nil
        }
    }

    private static func hexadecimal(_ value: CELValue, isUppercase: Bool) -> String? {
        let bytes: [UInt8]
        switch value {
        case .string(let text): bytes = Array(text.utf8)
        case .bytes(let value): bytes = value
        default: return whole(value, radix: 16, isUppercase: isUppercase)
        }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: isUppercase) }.joined()
    }

    /// Maps in the order of their keys.
    private static func plain(_ value: CELValue) -> String {
        switch value {
        case .list(let list): return "[" + list.values.map(plain).joined(separator: ", ") + "]"
        case .map(let map):
            let entries = map.entries.map { (plain($0.key), plain($0.value)) }.sorted { $0.0 < $1.0 }
            return "{" + entries.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
        default: return Text.of(value)
        }
    }
}

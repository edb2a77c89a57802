/// What a scalar stands for, by the rules of Kubernetes's clients (YAML 1.1 as go-yaml v2 reads it).
///
/// `yes`, `on`, `y` are true; `0644`, `0o644`, `0x1a4`, `0b11`, `1_000` are numbers; times stay strings.
enum YAMLScalar {
    /// - Returns: Nil when the text does not suit its tag, or is a number that JSON cannot say.
    static func value(_ text: String, _ style: YAMLNode.ScalarStyle, tag: String?) -> JSONValue? {
        switch tag {
        case nil: return style == .plain ? plainValue(text) : .string(text)
        case "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp": return .string(text)
        case "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float":
            guard let value = plainValue(text), suits(value, tag: tag) else { return nil }
            return value
        default: return nil
        }
    }

    private static func suits(_ value: JSONValue, tag: String?) -> Bool {
        switch value {
        case .bool: tag == "tag:yaml.org,2002:bool"
        case .null: tag == "tag:yaml.org,2002:null"
        case .integer: tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float"
        case .number: tag == "tag:yaml.org,2002:float"
        default: false
        }
    }

    private static func plainValue(_ text: String) -> JSONValue? {
        if let word = words[text] { return word }
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return .string(text) }
        if infinities.contains(text) { return nil }
        let digits = text.filter { $0 != "_" }
        if let value = integer(digits) { return .integer(value) }
        return number(digits) ?? .string(text)
    }

    private static let words: [String: JSONValue] = {
        var words: [String: JSONValue] = ["": .null, "~": .null, "null": .null, "Null": .null, "NULL": .null]
        for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] { words[word] = true }
        for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] { words[word] = false }
        return words
    }()

    /// Not a number and infinities, which JSON does not have.
    private static let infinities: Set<String> = [
        ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
    ]

    /// An integer with the prefixes of Go: `0x`, `0o`, `0b`, and `0` for octal.
    private static func integer(_ text: String) -> Int64? {
        let sign = text.hasPrefix("-") ? "-" : ""
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard digits.utf8.first.map({ $0 &- 0x30 < 10 }) == true else { return nil }
        let prefix = digits.prefix(2).lowercased()
        let (radix, length) =
            switch prefix {
            case "0x": (16, 2)
            case "0o": (8, 2)
            case "0b": (2, 2)
            case _ where digits.hasPrefix("0") && digits.count > 1: (8, 1)
            default: (10, 0)
            }
        let rest = digits.dropFirst(length)
        guard let first = rest.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Int64(sign + rest, radix: radix)
    }

    /// `[-+]? (.[0-9]+ | [0-9]+ (.[0-9]*)?) ([eE][-+]?[0-9]+)?`, kept as it is written where JSON allows that.
    private static func number(_ text: String) -> JSONValue? {
        guard isDecimal(text) else { return nil }
        if let value = try? JSONValue(parsing: text) { return value }
        return Double(text).flatMap { JSONNumber($0) }.map { .number($0) }
    }

    private static func isDecimal(_ text: String) -> Bool {
        var rest = Substring(text).utf8
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = dropDigits(&rest)
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = dropDigits(&rest)
        }
        guard whole + fraction > 0 else { return false }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            guard dropDigits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func dropDigits(_ text: inout Substring.UTF8View) -> Int {
        var count = 0
        while let byte = text.first, byte &- 0x30 < 10 {
            text.removeFirst()
            count += 1
        }
        return count
    }
}

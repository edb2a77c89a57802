internal import APIMachinery

/// The extended functions of texts. Positions count code points (cel-go `ext/strings.go`).
extension Libraries {
    static func addStrings(_ table: inout FunctionTable) {
        addSearching(&table)
        addSplitting(&table)
        table.member("charAt") { (text: String, index: Int64) in
            let scalars = Array(text.unicodeScalars)
            guard (0...Int64(scalars.count)).contains(index) else { throw outOfRange(index) }
            return index == scalars.count ? "" : String(scalars[Int(index)])
        }
        table.member("lowerAscii") { (text: String) in mapped(text) { ("A"..."Z").contains($0) ? $0.value + 32 : $0.value } }
        table.member("upperAscii") { (text: String) in mapped(text) { ("a"..."z").contains($0) ? $0.value - 32 : $0.value } }
        table.member("trim") { (text: String) in
            let scalars = Array(text.unicodeScalars)
            guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
                let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
            else { return "" }
            return joined(scalars[first...last])
        }
        table.member("reverse") { (text: String) in joined(text.unicodeScalars.reversed()) }
        table.member("substring") { (text: String, start: Int64) in try part(text, start, nil) }
        table.member("substring") { (text: String, start: Int64, end: Int64) in try part(text, start, end) }
        table.global("strings.quote") { (text: String) in quoted(text) }
        table.member("format", [.string, .list(.dynamic)], .string) { arguments, meter in
            guard case .string(let format) = arguments[0], case .list(let values) = arguments[1] else {
                throw CELEvaluationError.noSuchOverload
            }
            try meter.chargeTraversal(format.utf8.count)
            var formatting = Formatting(format, values.values)
            let text = try formatting.text()
            try meter.chargeTraversal(text.utf8.count)
            return .string(text)
        }
    }

    private static func outOfRange(_ index: Int64) -> CELEvaluationError { CELEvaluationError("index out of range: \(index)") }

    static func joined(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func mapped(_ text: String, _ change: (Unicode.Scalar) -> UInt32) -> String {
        joined(text.unicodeScalars.map { Unicode.Scalar(change($0)) ?? $0 })
    }

    private static func part(_ text: String, _ start: Int64, _ end: Int64?) throws -> String {
        let scalars = Array(text.unicodeScalars)
        let count = Int64(scalars.count)
        guard (0...count).contains(start) else { throw outOfRange(start) }
        let end = end ?? count
        guard (0...count).contains(end) else { throw outOfRange(end) }
        guard start <= end else { throw CELEvaluationError("invalid substring range. start: \(start), end: \(end)") }
        return joined(scalars[Int(start)..<Int(end)])
    }

    private static let escapes: [Unicode.Scalar: String] = [
        "\u{7}": "\\a", "\u{8}": "\\b", "\u{c}": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{b}": "\\v", "\\": "\\\\", "\"": "\\\"",
    ]

    private static func quoted(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { escapes[$0] ?? String($0) }.joined() + "\""
    }

    // MARK: Searching

    private static func addSearching(_ table: inout FunctionTable) {
        table.member("indexOf") { (text: String, part: String) in try position(part, text, 0) }
        table.member("indexOf") { (text: String, part: String, start: Int64) in try position(part, text, start) }
        table.member("lastIndexOf") { (text: String, part: String) in try lastPosition(part, text, nil) }
        table.member("lastIndexOf") { (text: String, part: String, start: Int64) in try lastPosition(part, text, start) }
    }

    private static func position(_ part: String, _ text: String, _ start: Int64) throws -> Int64 {
        let (text, part) = (Array(text.unicodeScalars), Array(part.unicodeScalars))
        if part.isEmpty, start >= 0 { return start }
        guard start >= 0, start < max(text.count, 1) else { throw outOfRange(start) }
        return UTF8Search.firstIndex(of: part, in: text, from: Int(start)).map(Int64.init) ?? -1
    }

    private static func lastPosition(_ part: String, _ text: String, _ start: Int64?) throws -> Int64 {
        let (text, part) = (Array(text.unicodeScalars), Array(part.unicodeScalars))
        if part.isEmpty { return start ?? Int64(text.count) }
        if let start, start < 0 || start >= max(text.count, 1) { throw outOfRange(start) }
        return UTF8Search.lastIndex(of: part, in: text, from: start.map { Int($0) }).map(Int64.init) ?? -1
    }

    // MARK: Splitting

    private static func addSplitting(_ table: inout FunctionTable) {
        table.member("split", [.string, .string], .list(.string)) { arguments, meter in try split(arguments, &meter) }
        table.member("split", [.string, .string, .int], .list(.string)) { arguments, meter in try split(arguments, &meter) }
        table.member("join", [.list(.string)], .string) { arguments, meter in try joined(arguments, &meter) }
        table.member("join", [.list(.string), .string], .string) { arguments, meter in try joined(arguments, &meter) }
        table.member("replace", [.string, .string, .string], .string) { arguments, meter in try replaced(arguments, &meter) }
        table.member("replace", [.string, .string, .string, .int], .string) { arguments, meter in try replaced(arguments, &meter) }
    }

    /// - Parameter limit: Of the parts; nil for all.
    private static func parts(_ text: [UInt8], _ separator: [UInt8], limit: Int?) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        while limit.map({ parts.count + 1 < $0 }) ?? true,
            let next = UTF8Search.firstIndex(of: separator, in: text, from: start)
        {
            parts.append(text[start..<next])
            start = next + separator.count
        }
        return parts + [text[start...]]
    }

    private static func split(_ arguments: [CELValue], _ meter: inout CELMeter) throws -> CELValue {
        guard case .string(let text) = arguments[0], case .string(let separator) = arguments[1] else {
            throw CELEvaluationError.noSuchOverload
        }
        var limit: Int?
        if arguments.count > 2, case .int(let count) = arguments[2], count >= 0 { limit = Int(count) }
        try meter.charge(1 + text.utf8.count / 10)
        if limit == 0 { return .list(CELList([])) }
        if separator.isEmpty {
            let scalars = text.unicodeScalars.map { String($0) }
            guard let limit, limit < scalars.count else { return .list(CELList(scalars.map { .string($0) })) }
            let all = scalars.prefix(limit - 1) + [scalars.dropFirst(limit - 1).joined()]
            return .list(CELList(all.map { .string($0) }))
        }
        let found = parts(Array(text.utf8), Array(separator.utf8), limit: limit)
        return .list(CELList(found.map { .string(String(decoding: $0, as: UTF8.self)) }))
    }

    private static func joined(_ arguments: [CELValue], _ meter: inout CELMeter) throws -> CELValue {
        guard case .list(let list) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
        var separator = ""
        if arguments.count > 1, case .string(let text) = arguments[1] { separator = text }
        var texts: [String] = []
        for value in list.values {
            guard case .string(let text) = value else { throw CELEvaluationError.noSuchOverload }
            try meter.charge(1 + (text.utf8.count + separator.utf8.count) / 10)
            texts.append(text)
        }
        return .string(texts.joined(separator: separator))
    }

    private static func replaced(_ arguments: [CELValue], _ meter: inout CELMeter) throws -> CELValue {
        guard case .string(let text) = arguments[0], case .string(let old) = arguments[1], case .string(let new) = arguments[2] else {
            throw CELEvaluationError.noSuchOverload
        }
        var limit: Int?
        if arguments.count > 3, case .int(let count) = arguments[3], count >= 0 { limit = Int(count) }
        try meter.charge(1 + text.utf8.count / 10)
        if old.isEmpty { return try inserted(new, text, limit, &meter) }
        let found = parts(Array(text.utf8), Array(old.utf8), limit: limit.map { $0 + 1 })
        try meter.charge(found.count * (1 + new.utf8.count / 10))
        return .string(String(decoding: Array(found.joined(separator: Array(new.utf8))), as: UTF8.self))
    }

    /// Nothing stands before each code point and at the end.
    private static func inserted(_ new: String, _ text: String, _ limit: Int?, _ meter: inout CELMeter) throws -> CELValue {
        let count = min(limit ?? .max, text.unicodeScalars.count + 1)
        try meter.charge(count * (1 + new.utf8.count / 10))
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index < count { result += new }
            result.unicodeScalars.append(scalar)
        }
        return .string(count > text.unicodeScalars.count ? result + new : result)
    }
}

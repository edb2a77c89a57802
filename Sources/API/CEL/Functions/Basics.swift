extension Libraries {
    /// `size`, `type`, `dyn` and the functions of texts that every CEL has.
    static func addBasics(_ table: inout FunctionTable) {
        let (a, b) = (CELType.parameter("A"), CELType.parameter("B"))
        for isMember in [false, true] {
            for type in [CELType.string, .bytes, .list(a), .map(a, b)] {
                table.add(
                    "size", Overload(isMember: isMember, [type], .int) { arguments, meter in try .int(size(of: arguments[0], &meter)) })
            }
        }
        table.global("type", [a], .type(a)) { arguments, _ in .type(arguments[0].type) }
        table.global("dyn", [a], .dynamic) { arguments, _ in arguments[0] }
        table.member("contains") { (text: String, part: String) in UTF8Search.firstIndex(of: part, in: text) != nil }
        table.member("startsWith") { (text: String, prefix: String) in text.utf8.starts(with: prefix.utf8) }
        table.member("endsWith") { (text: String, suffix: String) in text.utf8.reversed().starts(with: suffix.utf8.reversed()) }
    }

    private static func size(of value: CELValue, _ meter: inout CELMeter) throws(CELEvaluationError) -> Int64 {
        switch value {
        case .string(let text):
            try meter.chargeTraversal(text.utf8.count)
            return Int64(text.unicodeScalars.count)
        case .bytes(let bytes): return Int64(bytes.count)
        case .list(let list): return Int64(list.count)
        case .map(let map): return Int64(map.count)
        default: throw .noSuchOverload
        }
    }
}

/// Finds text by its bytes: texts that only look alike are different.
enum UTF8Search {
    /// - Returns: Where the part begins, in bytes.
    static func firstIndex(of part: String, in text: String, from start: Int = 0) -> Int? {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        return firstIndex(of: part, in: text, from: start)
    }

    static func firstIndex<Element: Equatable>(of part: [Element], in text: [Element], from start: Int = 0) -> Int? {
        guard start >= 0, text.count - start >= part.count else { return nil }
        guard let first = part.first else { return start }
        return (start...(text.count - part.count)).first { index in
            text[index] == first && text[index..<index + part.count].elementsEqual(part)
        }
    }

    /// - Parameter start: The last place at which the part may begin.
    static func lastIndex<Element: Equatable>(of part: [Element], in text: [Element], from start: Int? = nil) -> Int? {
        let last = min(start ?? .max, text.count - part.count)
        guard last >= 0 else { return nil }
        return (0...last).last { text[$0..<$0 + part.count].elementsEqual(part) }
    }
}

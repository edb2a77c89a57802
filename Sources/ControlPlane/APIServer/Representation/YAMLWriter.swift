internal import APIMachinery

/// Writes values as YAML as upstream's encoder does: block style, members sorted, sequences not indented below their key.
enum YAMLWriter {
    static func bytes(of value: JSONValue) -> [UInt8] {
        var text = ""
        switch value {
        case .object(let object) where !object.isEmpty: write(object, indent: 0, &text)
        case .array(let elements) where !elements.isEmpty: write(elements, indent: 0, &text)
        default: text += scalar(value, indent: 0) + "\n"
        }
        return Array(text.utf8)
    }

    private static func write(_ object: JSONObject, indent: Int, _ text: inout String, isInSequence: Bool = false) {
        let margin = String(repeating: " ", count: indent)
        for (index, member) in object.members.sorted(by: { $0.key < $1.key }).enumerated() {
            // The first member of a mapping in a sequence stands behind the dash.
            text += (isInSequence && index == 0 ? "" : margin) + scalar(.string(member.key), indent: indent) + ":"
            switch member.value {
            case .object(let inner) where !inner.isEmpty:
                text += "\n"
                write(inner, indent: indent + 2, &text)
            case .array(let elements) where !elements.isEmpty:
                text += "\n"
                write(elements, indent: indent, &text)
            default: text += " " + scalar(member.value, indent: indent) + "\n"
            }
        }
    }

    private static func write(_ elements: [JSONValue], indent: Int, _ text: inout String) {
        let margin = String(repeating: " ", count: indent)
        for element in elements {
            text += margin + "- "
            switch element {
            case .object(let object) where !object.isEmpty: write(object, indent: indent + 2, &text, isInSequence: true)
            case .array(let inner) where !inner.isEmpty:
                var nested = ""
                write(inner, indent: indent + 2, &nested)
                text += nested.dropFirst(indent + 2)
            default: text += scalar(element, indent: indent) + "\n"
            }
        }
    }

    private static func scalar(_ value: JSONValue, indent: Int) -> String {
        switch value {
        case .object: return "{}"
        case .array: return "[]"
        case .string(let text): return string(text, indent: indent)
        default: return value.serializedText()
        }
    }

    private static func string(_ text: String, indent: Int) -> String {
        if text.contains("\n"), !text.contains("\r"), !text.hasPrefix(" "), !text.hasPrefix("\n"), !hasControlCharacters(text) {
            return literalBlock(text, indent: indent)
        }
        if hasControlCharacters(text) || text.contains("\n") { return JSONValue.string(text).serializedText() }
        guard !isPlain(text) else { return text }
        // What only looks like another type is quoted doubly by upstream's encoder, what has special characters singly.
        if looksLikeAnotherType(text) { return "\"\(text)\"" }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    private static func literalBlock(_ text: String, indent: Int) -> String {
        let chomping = text.hasSuffix("\n\n") ? "|+" : text.hasSuffix("\n") ? "|" : "|-"
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if text.hasSuffix("\n") { lines.removeLast() }
        let margin = String(repeating: " ", count: indent + 2)
        return chomping + "\n" + lines.map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
    }

    private static func hasControlCharacters(_ text: String) -> Bool {
        text.unicodeScalars.contains { ($0.value < 0x20 && $0 != "\n") || $0.value == 0x7F || $0.value == 0xFEFF }
    }

    private static func looksLikeAnotherType(_ text: String) -> Bool {
        let words = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf", "+.inf"]
        if words.contains(text.lowercased()) { return true }
        guard let first = text.utf8.first, (0x30...0x39).contains(first) || "+-.".utf8.contains(first) else { return false }
        if Double(text) != nil || Int64(text.filter { $0 != "_" }) != nil { return true }
        if text.hasPrefix("0x") || text.hasPrefix("0o") || text.hasPrefix("0b") { return true }
        // Dates and times: `2026-01-02`, `2026-01-02T03:04:05Z`; base 60: `1:20`.
        let allowed = Set("0123456789-:TtZz.+ _")
        return (0x30...0x39).contains(first) && text.allSatisfy { allowed.contains($0) } && text.contains { "-:".contains($0) }
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.first, !looksLikeAnotherType(text) else { return false }
        if " #&*!|>'\"%@`,[]{}".contains(first) || text.hasSuffix(" ") || text.hasSuffix(":") { return false }
        if "-?:".contains(first), text.count == 1 || text.dropFirst().first == " " { return false }
        if text == "---" || text == "..." || text == "=" || text == "<<" { return false }
        return !text.contains(": ") && !text.contains(" #")
    }
}

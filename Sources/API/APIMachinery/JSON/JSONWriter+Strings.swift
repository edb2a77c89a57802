extension JSONWriter {
    package mutating func write(string: String) {
        let content = string.utf8.span
        append(UInt8(ascii: "\""))
        if Self.needsEscapes(content, html: style.escapesHTML) {
            writeEscaped(content)
        } else {
            append(contentsOf: string)
        }
        append(UInt8(ascii: "\""))
    }

    private static func needsEscapes(_ content: Span<UInt8>, html: Bool) -> Bool {
        for index in content.indices {
            let byte = content[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
            if html, isHTML(byte) || byte == 0xe2 { return true }
        }
        return false
    }

    private static func isHTML(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
    }

    private mutating func writeEscaped(_ content: Span<UInt8>) {
        var index = 0
        while index < content.count {
            let byte = content[index]
            if style.escapesHTML, byte == 0xe2, let separator = Self.lineSeparator(content, at: index) {
                append(contentsOf: separator)
                index += 3
            } else {
                writeEscaping(byte)
                index += 1
            }
        }
    }

    /// The escape of U+2028 (UTF-8 e2 80 a8) or U+2029 (e2 80 a9), which JavaScript takes for line ends.
    private static func lineSeparator(_ content: Span<UInt8>, at index: Int) -> String? {
        guard index + 2 < content.count, content[index + 1] == 0x80 else { return nil }
        switch content[index + 2] {
        case 0xa8: return "\\u2028"
        case 0xa9: return "\\u2029"
        default: return nil
        }
    }

    private mutating func writeEscaping(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(contentsOf: "\\\"")
        case UInt8(ascii: "\\"): append(contentsOf: "\\\\")
        case 0x0a: append(contentsOf: "\\n")
        case 0x0d: append(contentsOf: "\\r")
        case 0x09: append(contentsOf: "\\t")
        case 0x08: append(contentsOf: "\\b")
        case 0x0c: append(contentsOf: "\\f")
        case 0..<0x20: writeUnicodeEscape(byte)
        case _ where style.escapesHTML && Self.isHTML(byte): writeUnicodeEscape(byte)
        default: append(byte)
        }
    }

    private mutating func writeUnicodeEscape(_ byte: UInt8) {
        let digits = String(byte, radix: 16)
        append(contentsOf: digits.utf8.count == 1 ? "\\u000" : "\\u00")
        append(contentsOf: digits)
    }
}

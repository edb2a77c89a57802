/// Why some bytes are no JSON, and where: `3:14: expected ":" after the member's name`.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case unexpectedEnd
        case unexpectedCharacter(UInt8, expected: String)
        case trailingBytes
        case invalidNumber
        case invalidEscape
        case loneSurrogate
        case controlCharacter
        case invalidUTF8
        case duplicateKey(String)
        case tooDeep(limit: Int)
        case tooLarge(limitBytes: Int)
    }

    package let reason: Reason
    /// Bytes before the place of the error.
    package let offset: Int
    /// From 1.
    package let line: Int
    /// Characters (Unicode scalars) from 1.
    package let column: Int

    package var description: String { "\(line):\(column): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpectedEnd: "the text ends in the middle of a value"
        case .unexpectedCharacter(let byte, let expected):
            "expected \(expected), found \(Self.name(of: byte))"
        case .trailingBytes: "there is more text after the end of the value"
        case .invalidNumber: "not a number as JSON writes one"
        case .invalidEscape: "unknown escape sequence in a string"
        case .loneSurrogate: "half of a surrogate pair in a string"
        case .controlCharacter: "unescaped control character in a string"
        case .invalidUTF8: "a string is not UTF-8"
        case .duplicateKey(let key): "duplicate key \"\(key)\""
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooLarge(let limitBytes): "larger than \(limitBytes) bytes"
        }
    }

    private static func name(of byte: UInt8) -> String {
        guard byte > 0x20, byte < 0x7f else { return "byte 0x" + String(byte, radix: 16) }
        return "'\(Unicode.Scalar(byte))'"
    }
}

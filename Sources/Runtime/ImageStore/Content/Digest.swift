/// A content address, `sha256:` and 64 lower-case hexadecimal digits. Other algorithms are refused.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 64 hexadecimal digits.
    package let hex: String

    /// - Throws: `ImageError` with code `.invalid` that names the text.
    package init(_ text: some StringProtocol) throws(ImageError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw .invalid("digest \(quoted(text)): invalid checksum digest format")
        }
        guard text[..<colon] == "sha256" else {
            throw .invalid("digest \(quoted(text)): unsupported digest algorithm \(quoted(text[..<colon]))")
        }
        try self.init(hex: text[text.index(after: colon)...], of: text)
    }

    package init(hex text: some StringProtocol) throws(ImageError) { try self.init(hex: text, of: text) }

    private init(hex: some StringProtocol, of text: some StringProtocol) throws(ImageError) {
        guard hex.utf8.count == 64 else {
            throw .invalid("digest \(quoted(text)): invalid checksum digest length")
        }
        guard hex.utf8.allSatisfy(isLowerHex) else {
            throw .invalid("digest \(quoted(text)): invalid checksum digest format")
        }
        self.hex = String(hex)
    }

    /// - Parameter bytes: The 32 bytes of a SHA-256 sum.
    init(bytes: some Sequence<UInt8>) {
        var digits: [UInt8] = []
        digits.reserveCapacity(64)
        for byte in bytes {
            digits.append(hexDigits[Int(byte >> 4)])
            digits.append(hexDigits[Int(byte & 15)])
        }
        precondition(digits.count == 64, "a SHA-256 sum has 32 bytes")
        hex = String(decoding: digits, as: UTF8.self)
    }

    /// The 32 bytes.
    var bytes: [UInt8] {
        let digits = Array(hex.utf8)
        let value = { (digit: UInt8) in digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10 }
        return stride(from: 0, to: 64, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }

    package var description: String { "sha256:\(hex)" }

    package static func < (left: Digest, right: Digest) -> Bool { left.hex < right.hex }
}

private let hexDigits = Array("0123456789abcdef".utf8)

/// Whether the byte is one of `0123456789abcdef`.
func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

/// The text in double quotes, cut to a length that fits a message, with control characters escaped.
func quoted(_ text: some StringProtocol) -> String {
    let shown = text.unicodeScalars.prefix(256).map { scalar in
        scalar.value < 0x20 || scalar == "\"" || scalar == "\u{7f}" ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return "\"\(shown.joined())\(text.unicodeScalars.dropFirst(256).isEmpty ? "" : "…")\""
}

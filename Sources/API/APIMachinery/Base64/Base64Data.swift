/// Bytes that JSON carries as base64 (RFC 4648 section 4, with padding).
package struct Base64Data: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    /// Reads base64; line breaks are skipped, as Go's decoder does. Nil when the text is something else.
    ///
    /// - Parameter isStrict: Bits behind the last byte must be zero. Go's decoder lets them pass.
    package init?(base64 text: String, isStrict: Bool = true) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for byte in text.utf8 where byte != 0x0a && byte != 0x0d {
            if byte == UInt8(ascii: "=") {
                padding += 1
                guard digits + padding <= 4, digits >= 2 else { return nil }
                continue
            }
            guard padding == 0, let digit = Self.value(of: byte) else { return nil }
            group = group << 6 | digit
            digits += 1
            if digits == 4 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
                digits = 0
                group = 0
            }
        }
        switch (digits, padding) {
        case (0, 0): break
        case (2, 2) where group & 0xf == 0 || !isStrict: bytes.append(UInt8(truncatingIfNeeded: group >> 4))
        case (3, 1) where group & 0x3 == 0 || !isStrict:
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        default: return nil
        }
        self.bytes = bytes
    }

    package var base64: String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group = UInt32(bytes[start]) << 16
            if count > 1 { group |= UInt32(bytes[start + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[start + 2]) }
            text.append(Self.digit(group >> 18))
            text.append(Self.digit(group >> 12))
            text.append(count > 1 ? Self.digit(group >> 6) : UInt8(ascii: "="))
            text.append(count > 2 ? Self.digit(group) : UInt8(ascii: "="))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ bits: UInt32) -> UInt8 {
        switch UInt8(bits & 0x3f) {
        case let value where value < 26: value + UInt8(ascii: "A")
        case let value where value < 52: value - 26 + UInt8(ascii: "a")
        case let value where value < 62: value - 52 + UInt8(ascii: "0")
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

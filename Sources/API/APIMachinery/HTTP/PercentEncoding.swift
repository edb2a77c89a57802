/// Percent-encoding (RFC 3986, 2.1), and what query strings make of it.
package enum PercentEncoding {
    /// Undoes the encoding. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// - Parameter plusIsSpace: As in query strings, which follow the rules of HTML forms.
    /// - Returns: nil where a percent sign stands without two hexadecimal digits behind it.
    package static func decoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        guard text.utf8.contains(where: { $0 == percent || plusIsSpace && $0 == plus }) else { return String(text) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case percent:
                guard let high = rest.popFirst().flatMap(digitValue), let low = rest.popFirst().flatMap(digitValue) else { return nil }
                bytes.append(high << 4 | low)
            case plus where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Encodes for one segment of a path or one parameter of a query: the unreserved characters, colon and at sign stand for themselves.
    package static func encoded(_ text: String) -> String {
        guard !text.utf8.allSatisfy(standsForItself) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if standsForItself(byte) { bytes.append(byte) } else { bytes += [percent, digit(byte >> 4), digit(byte & 15)] }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let percent = UInt8(ascii: "%")
    private static let plus = UInt8(ascii: "+")

    private static func standsForItself(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }

    private static func digitValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

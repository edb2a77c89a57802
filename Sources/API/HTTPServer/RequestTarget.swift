internal import APIMachinery

/// The path and the query of a request line's target (RFC 9112, 3.2).
struct RequestTarget: Hashable {
    /// As sent, percent-encoded.
    var path: String
    var query: [APIRequest.Parameter]

    /// - Parameter text: Origin form (`/api?x=1`) or absolute form (`http://host/api?x=1`).
    /// - Returns: nil for anything else.
    init?(_ text: String) {
        guard let origin = Self.originForm(text) else { return nil }
        guard let mark = origin.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            path = String(origin)
            query = []
            return
        }
        path = String(origin[..<mark])
        query = Self.parameters(of: origin.utf8[origin.utf8.index(after: mark)...])
    }

    private static func originForm(_ text: String) -> Substring? {
        if text.utf8.first == UInt8(ascii: "/") { return text[...] }
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "/" }
            return rest[slash...]
        }
        return nil
    }

    /// `a=1&b` is a with 1 and b with nothing; a plus sign is a space, as in forms.
    private static func parameters(of query: Substring.UTF8View) -> [APIRequest.Parameter] {
        query.split(separator: UInt8(ascii: "&")).map { part in
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { return .init(name: decoded(part), value: "") }
            return .init(name: decoded(part[..<equals]), value: decoded(part[part.index(after: equals)...]))
        }
    }

    /// Undoes percent-encoding. A percent sign without two hexadecimal digits stands for itself.
    private static func decoded(_ text: Substring.UTF8View) -> String {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(Substring(text)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2).compactMap(hexadecimalValue)
                guard digits.count == 2 else { fallthrough }
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimalValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

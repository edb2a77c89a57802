internal import APIMachinery

/// The path and the query of a request line's target (RFC 9112, 3.2).
struct RequestTarget: Hashable {
    /// As sent, percent-encoded.
    var path: String
    var query: [APIRequest.Parameter]

    /// - Parameter text: Origin form (`/api?x=1`) or absolute form (`http://host/api?x=1`).
    /// - Returns: nil for anything else, for spaces and control characters, and for a path that is not well encoded.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let origin = Self.originForm(text) else { return nil }
        let mark = origin.utf8.firstIndex(of: UInt8(ascii: "?")) ?? origin.utf8.endIndex
        guard PercentEncoding.decoded(origin[..<mark]) != nil else { return nil }
        path = String(origin[..<mark])
        query = Self.parameters(of: origin[mark...].dropFirst())
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

    /// `a=1&b` is a with 1 and b with nothing. Parts that are not well encoded, or have a semicolon, are left out as in net/url's `Query`.
    private static func parameters(of query: Substring) -> [APIRequest.Parameter] {
        query.utf8.split(separator: UInt8(ascii: "&")).compactMap { part in
            guard !part.contains(UInt8(ascii: ";")) else { return nil }
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = PercentEncoding.decoded(Substring(part[..<equals]), plusIsSpace: true),
                let value = PercentEncoding.decoded(Substring(part[equals...].dropFirst()), plusIsSpace: true)
            else { return nil }
            return .init(name: name, value: value)
        }
    }
}

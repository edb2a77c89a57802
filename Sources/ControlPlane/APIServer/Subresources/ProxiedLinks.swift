internal import APIMachinery

/// Makes links of proxied answers lead back through this server, after upstream's proxy.Transport.
struct ProxiedLinks: Sendable {
    /// Pages larger than this are passed on as they are.
    static let pageBytesMax = 4 << 20

    /// `/api/v1/namespaces/default/pods/web/proxy`
    let prefix: String
    /// What the backend may call itself.
    let hosts: [String]

    /// A link to the backend itself that begins with a slash gets the prefix, and loses its host; others stay.
    func rewritten(_ link: String) -> String {
        var rest = Substring(link)
        for scheme in ["http://", "https://", "//"] where link.lowercased().hasPrefix(scheme) {
            let authority = rest.dropFirst(scheme.count)
            let end = authority.firstIndex { "/?#".contains($0) } ?? authority.endIndex
            guard hosts.contains(String(authority[..<end])) else { return link }
            rest = authority[end...]
            break
        }
        guard rest.hasPrefix("/"), !rest.hasPrefix(prefix) else { return rest.hasPrefix("/") ? String(rest) : link }
        return prefix + rest
    }

    /// Attributes that hold a URL, by element: as upstream's table.
    private static let attributes: [String: Set<String>] = [
        "a": ["href"], "applet": ["codebase"], "area": ["href"], "audio": ["src"], "base": ["href"], "blockquote": ["cite"],
        "body": ["background"], "button": ["formaction"], "command": ["icon"], "del": ["cite"], "embed": ["src"], "form": ["action"],
        "frame": ["longdesc", "src"], "head": ["profile"], "html": ["manifest"], "iframe": ["longdesc", "src"],
        "img": ["longdesc", "src", "usemap"], "input": ["src", "usemap", "formaction"], "ins": ["cite"], "link": ["href"],
        "object": ["classid", "codebase", "data", "usemap"], "q": ["cite"], "script": ["src"], "source": ["src"],
        "video": ["poster", "src"],
    ]

    /// A page with its links rewritten; whatever is not the value of such an attribute stays byte for byte.
    func rewritten(page: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(page.count + page.count / 16)
        var position = 0
        while position < page.count {
            guard page[position] == UInt8(ascii: "<"), let tag = HTMLTag(page, at: position) else {
                result.append(page[position])
                position += 1
                continue
            }
            let wanted = Self.attributes[tag.name] ?? []
            var written = position
            for attribute in tag.attributes where wanted.contains(attribute.name) {
                result += page[written..<attribute.value.lowerBound]
                result += rewritten(String(decoding: page[attribute.value], as: UTF8.self)).utf8
                written = attribute.value.upperBound
            }
            result += page[written..<tag.end]
            position = tag.end
        }
        return result
    }
}

/// The start tag of an element: its name, and where its attributes' values stand.
private struct HTMLTag {
    struct Attribute {
        var name: String
        var value: Range<Int>
    }
    private(set) var name = ""
    private(set) var attributes: [Attribute] = []
    private(set) var end: Int

    /// - Returns: nil where no start tag begins: an end tag, a comment, a mere less-than sign, or a tag that does not end.
    init?(_ bytes: [UInt8], at start: Int) {
        end = start + 1
        guard end < bytes.count, Self.isLetter(bytes[end]) else { return nil }
        name = Self.text(bytes, Self.scan(bytes, &end) { !Self.isSpace($0) && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") })
        while true {
            _ = Self.scan(bytes, &end) { Self.isSpace($0) || $0 == UInt8(ascii: "/") }
            guard end < bytes.count else { return nil }
            if bytes[end] == UInt8(ascii: ">") { break }
            readAttribute(bytes)
        }
        end += 1
    }

    private mutating func readAttribute(_ bytes: [UInt8]) {
        let begin = end
        let name = Self.text(
            bytes,
            Self.scan(bytes, &end) { !Self.isSpace($0) && ![UInt8(ascii: "="), UInt8(ascii: ">"), UInt8(ascii: "/")].contains($0) })
        if end == begin { end += 1 }
        _ = Self.scan(bytes, &end, while: Self.isSpace)
        guard end < bytes.count, bytes[end] == UInt8(ascii: "=") else { return }
        end += 1
        _ = Self.scan(bytes, &end, while: Self.isSpace)
        guard end < bytes.count else { return }
        let quote = bytes[end]
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            end += 1
            attributes.append(Attribute(name: name, value: Self.scan(bytes, &end) { $0 != quote }))
            end = min(end + 1, bytes.count)
        } else {
            attributes.append(Attribute(name: name, value: Self.scan(bytes, &end) { !Self.isSpace($0) && $0 != UInt8(ascii: ">") }))
        }
    }

    private static func scan(_ bytes: [UInt8], _ position: inout Int, while condition: (UInt8) -> Bool) -> Range<Int> {
        let start = position
        while position < bytes.count, condition(bytes[position]) { position += 1 }
        return start..<position
    }

    private static func text(_ bytes: [UInt8], _ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self).lowercased() }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

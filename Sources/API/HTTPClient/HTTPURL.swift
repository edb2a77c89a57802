/// Where a request goes: `https://registry.example.com:5000/v2/?n=10` (RFC 3986, without user and fragment).
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    /// `https` rather than `http`.
    package var isSecure: Bool
    /// A name, or an address without brackets.
    package var host: String
    package var port: Int
    /// Path and query as they are sent, percent-encoded; begins with `/`.
    package var target: String

    package init(isSecure: Bool, host: String, port: Int? = nil, target: String = "/") {
        self.isSecure = isSecure
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        self.target = target
    }

    /// - Returns: nil when the text is no absolute URL of HTTP, or has a user, blanks or control characters in it.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard scheme == "https" || scheme == "http", text[colon...].hasPrefix("://") else { return nil }
        let rest = text[text.index(colon, offsetBy: 3)...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let (host, port) = Self.split(authority) else { return nil }
        let target = rest[authority.endIndex...]
        self.init(isSecure: scheme == "https", host: host, port: port, target: target.hasPrefix("/") ? String(target) : "/\(target)")
    }

    /// `host`, `host:port` or `[v6]:port`.
    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), authority[colon...].contains("]") == false {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            host = authority[..<colon]
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
        guard !host.isEmpty, !host.contains("@"), !host.contains("[") else { return nil }
        return (String(host), port)
    }

    /// Where a `Location` field leads: an absolute URL, `//host/path`, `/path` or a path beside this one's.
    package func resolving(_ location: String) -> HTTPURL? {
        if let absolute = HTTPURL(location) { return absolute }
        if location.hasPrefix("//") { return HTTPURL("\(isSecure ? "https" : "http"):\(location)") }
        guard !location.contains("://"), location.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var url = self
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("/") {
            url.target = location
        } else if location.hasPrefix("?") {
            url.target = "\(path)\(location)"
        } else {
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
            url.target = "\(folder)\(location)"
        }
        return url
    }

    /// As it stands in a `Host` field: the port only where it is not the scheme's own.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Whether the other one is on the same server, as far as trust goes.
    package func hasSameOrigin(as other: HTTPURL) -> Bool {
        isSecure == other.isSecure && host.lowercased() == other.host.lowercased() && port == other.port
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }
}

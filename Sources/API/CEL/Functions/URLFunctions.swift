internal import APIMachinery

/// An absolute URL, or an absolute path, as a request names them.
struct CELURL: OpaqueRepresentable {
    static let typeName = "kubernetes.URL"
    let text: String
    var scheme = ""
    /// With the port.
    var host = ""
    var path = ""
    var query = ""

    static func == (left: CELURL, right: CELURL) -> Bool { left.text == right.text }

    /// - Throws: In the words of Go's `url.ParseRequestURI`.
    init(_ text: String) throws(CELEvaluationError) {
        self.text = text
        func failure(_ problem: String) -> CELEvaluationError {
            CELEvaluationError("URL parse error during conversion from string: parse \(text.quoted): \(problem)")
        }
        if text.isEmpty { throw failure("empty url") }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) { throw failure("net/url: invalid control character in URL") }
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains(where: { "/?#".contains($0) }) {
            let name = rest[..<colon].unicodeScalars
            guard let first = name.first else { throw failure("missing protocol scheme") }
            if Lexer.isLetter(first), first != "_",
                name.allSatisfy({ ($0 != "_" && Lexer.isLetter($0)) || Lexer.isDigit($0) || "+-.".unicodeScalars.contains($0) })
            {
                scheme = rest[..<colon].lowercased()
                rest = rest[rest.index(after: colon)...]
            } else {
                throw failure("first path segment in URL cannot contain colon")
            }
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if !rest.hasPrefix("/") {
            // Without a slash behind the scheme all is opaque; without a scheme it is no request's URL.
            guard !scheme.isEmpty else { throw failure("invalid URI for request") }
            return
        }
        if !scheme.isEmpty, rest.hasPrefix("//") {
            let authority = rest.dropFirst(2).prefix { $0 != "/" }
            rest = rest.dropFirst(2 + authority.count)
            let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
            host = String(parts.last ?? "")
            if let problem = Self.problem(ofHost: host) { throw failure(problem) }
        }
        if let problem = Self.problem(ofEscapes: rest) { throw failure(problem) }
        path = String(rest)
    }

    private static func problem(ofHost host: String) -> String? {
        if host.contains(" ") { return "invalid character \" \" in host name" }
        let behind: Substring
        if host.hasPrefix("[") {
            guard let end = host.lastIndex(of: "]") else { return "missing ']' in host" }
            behind = host[host.index(after: end)...]
        } else {
            behind = host.lastIndex(of: ":").map { host[$0...] } ?? ""
        }
        let isPort = behind.isEmpty || (behind.hasPrefix(":") && behind.dropFirst().utf8.allSatisfy { $0 &- 0x30 < 10 })
        return isPort ? nil : "invalid port \(String(behind).quoted) after host"
    }

    private static func problem(ofEscapes text: Substring) -> String? {
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else { continue }
            let digits = Array(rest.prefix(2))
            let isEscape = digits.count == 2 && digits.allSatisfy { Lexer.isHex(Unicode.Scalar($0)) }
            guard isEscape else { return "invalid URL escape \("%\(String(decoding: digits, as: UTF8.self))".quoted)" }
        }
        return nil
    }

    /// Without the port and the brackets of an IPv6 address.
    var hostname: String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[host.index(after: host.startIndex)..<end]) }
        return String(host.prefix { $0 != ":" })
    }

    var port: String {
        let rest = host.hasPrefix("[") ? host[(host.firstIndex(of: "]") ?? host.startIndex)...] : host[...]
        return rest.lastIndex(of: ":").map { String(rest[rest.index(after: $0)...]) } ?? ""
    }

    /// In URLs what is not allowed in a path is written as escapes.
    var escapedPath: String {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!$&'()*+,;=:@/%[]".utf8)
        return String(
            decoding: path.utf8.flatMap { byte -> [UInt8] in
                if allowed.contains(byte) { return [byte] }
                return Array(((byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)).utf8)
            }, as: UTF8.self)
    }

    var queryValues: CELMap {
        var order: [String] = []
        var values: [String: [CELValue]] = [:]
        for pair in query.split(separator: "&") where !pair.contains(";") {
            let mark = pair.firstIndex(of: "=")
            guard let key = Self.unescaped(pair[..<(mark ?? pair.endIndex)]),
                let value = Self.unescaped(mark.map { pair[pair.index(after: $0)...] } ?? "")
            else { continue }
            if values[key] == nil { order.append(key) }
            values[key, default: []].append(.string(value))
        }
        return CELMap(order.map { (.string($0), .list(CELList(values[$0] ?? []))) })
    }

    /// nil for an escape that is none.
    private static func unescaped(_ text: Substring) -> String? {
        if problem(ofEscapes: text) != nil { return nil }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Libraries {
    static func addURLs(_ table: inout FunctionTable) {
        table.global("url") { (text: String) in try CELURL(text) }
        table.global("isURL") { (text: String) in (try? CELURL(text)) != nil }
        table.member("getScheme") { (url: CELURL) in url.scheme }
        table.member("getHost") { (url: CELURL) in url.host }
        table.member("getHostname") { (url: CELURL) in url.hostname }
        table.member("getPort") { (url: CELURL) in url.port }
        table.member("getEscapedPath") { (url: CELURL) in url.escapedPath }
        table.member("getQuery", [CELURL.celType], .map(.string, .list(.string))) { arguments, _ in
            guard let url = CELURL(cel: arguments[0]) else { throw CELEvaluationError.noSuchOverload }
            return .map(url.queryValues)
        }
    }
}

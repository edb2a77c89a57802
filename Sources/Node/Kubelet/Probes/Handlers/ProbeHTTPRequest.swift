/// A GET request of a probe or a hook.
package struct ProbeHTTPRequest: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        var name: String
        var value: String
    }
    var scheme = "http"
    /// A name or an address, without brackets.
    var host: String
    var port: UInt16
    /// Path and query.
    var target: String
    var fields: [Field] = []

    /// Of the `Host` field, and in messages.
    var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    var url: String { "\(scheme)://\(authority)\(target)" }

    /// - Parameter path: As written in the pod; what may not stand in a request line is encoded.
    init(scheme: String, host: String, port: UInt16, path: String, fields: [Field]) {
        self.scheme = scheme
        self.host = host
        self.port = port
        target = Self.encoded(path.hasPrefix("/") ? path : "/" + path)
        self.fields = fields.map { Field(name: Self.canonical($0.name), value: $0.value) }
    }

    /// What keeps this from being sent: a line break would begin another field.
    var problem: String? {
        for field in fields where field.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) {
            return "net/http: invalid header field value for \"\(field.name)\""
        }
        return nil
    }

    func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// `Host` first, then the client's own where the pod gives none; an empty `Accept` or `User-Agent` is left out.
    func allFields(userAgent: String) -> [Field] {
        var all = [Field(name: "Host", value: fields.first { $0.name == "Host" }?.value ?? authority)]
        if !has("User-Agent") { all.append(Field(name: "User-Agent", value: userAgent)) }
        if !has("Accept") { all.append(Field(name: "Accept", value: "*/*")) }
        all += fields.filter { $0.name != "Host" && !($0.value.isEmpty && ["Accept", "User-Agent"].contains($0.name)) }
        if !has("Connection") { all.append(Field(name: "Connection", value: "close")) }
        return all
    }

    func bytes(userAgent: String) -> [UInt8] {
        let lines = allFields(userAgent: userAgent).map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("GET \(target) HTTP/1.1\r\n\(lines)\r\n".utf8)
    }

    /// `x-my-field` → `X-My-Field`, as Go sends it.
    private static func canonical(_ name: String) -> String {
        var beginsWord = true
        return String(
            name.map { character in
                defer { beginsWord = character == "-" }
                return Character(beginsWord ? character.uppercased() : character.lowercased())
            })
    }

    private static func encoded(_ path: String) -> String {
        guard path.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) else { return path }
        let digits = Array("0123456789ABCDEF")
        return path.utf8.map { byte in
            byte <= 0x20 || byte >= 0x7f ? "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])" : String(Character(UnicodeScalar(byte)))
        }.joined()
    }
}

/// As much of an answer as a probe looks at.
package struct ProbeHTTPAnswer: Sendable, Hashable {
    var status: Int
    var location: String?
    /// Its beginning.
    var body: [UInt8] = []
}

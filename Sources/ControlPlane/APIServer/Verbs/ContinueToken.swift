internal import APIMachinery

/// Where a list goes on: `{"v":"meta.k8s.io/v1","rv":N,"start":"NAMESPACE/NAME\u0000"}` in URL-safe base64 without padding.
struct ContinueToken {
    /// -1: at whatever is newest.
    var revision: Int64
    /// The last key that was answered, without the resource's prefix.
    var lastKey: String

    var text: String {
        let json: JSONValue = ["v": "meta.k8s.io/v1", "rv": .integer(revision), "start": .string(lastKey + "\u{0}")]
        var text = ""
        for character in Base64Data(json.serialized()).base64 where character != "=" {
            text.append(character == "+" ? "-" : character == "/" ? "_" : character)
        }
        return text
    }

    init(revision: Int64, lastKey: String) {
        self.revision = revision
        self.lastKey = lastKey
    }

    /// - Throws: 400 with upstream's words.
    init(parsing text: String) throws(Status) {
        func invalid(_ why: String) -> Status { .badRequest("invalid continue token: continue key is not valid: \(why)") }
        var standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        while standard.count % 4 != 0 { standard.append("=") }
        guard let bytes = Base64Data(base64: String(standard), isStrict: false)?.bytes else {
            throw invalid("illegal base64 data at input byte 0")
        }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: bytes) } catch { throw invalid(error.goText(in: bytes)) }
        let version = json["v"]?.stringValue ?? ""
        guard version == "meta.k8s.io/v1" else { throw invalid("server does not recognize this encoded version \(version)") }
        revision = json["rv"]?.integerValue ?? 0
        guard revision != 0 else { throw invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)") }
        let start = json["start"]?.stringValue ?? ""
        guard !start.isEmpty else { throw invalid("encoded start key empty (version meta.k8s.io/v1)") }
        guard !start.split(separator: "/").contains("..") else { throw invalid("invalid start key") }
        lastKey = start.hasSuffix("\u{0}") ? String(start.dropLast()) : start
    }
}

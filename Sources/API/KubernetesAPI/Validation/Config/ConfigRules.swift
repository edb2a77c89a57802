internal import APIMachinery

/// Rules of ConfigMap, Secret and ServiceAccount.
extension Validator {
    static let dataMaxBytes = 1 << 20

    mutating func configMap(_ object: JSONField) {
        let (data, binary) = (object["data"], object["binaryData"])
        var size = 0
        for entry in data.entries {
            invalid(entry.field.path, entry.key, NameValidation.configKey(entry.key))
            if binary.object.index(of: entry.key) != nil {
                report(.invalid(entry.field.path, .string(entry.key), "duplicate of key present in binaryData"))
            }
            size += entry.field.string.utf8.count
        }
        for entry in binary.entries {
            invalid(entry.field.path, entry.key, NameValidation.configKey(entry.key))
            size += Self.decodedSize(entry.field.string)
        }
        if size > Self.dataMaxBytes { report(.tooLong(FieldPath(""), maxBytes: Self.dataMaxBytes)) }
    }

    private static func decodedSize(_ base64: String) -> Int {
        base64.utf8.count / 4 * 3 - base64.utf8.suffix(2).count { $0 == UInt8(ascii: "=") }
    }

    mutating func configMapUpdate(_ new: JSONField, _ old: JSONField) {
        immutableData(new, old, ["data", "binaryData"])
    }

    private mutating func immutableData(_ new: JSONField, _ old: JSONField, _ members: [String]) {
        guard old["immutable"].isTrue else { return }
        let detail = "field is immutable when `immutable` is set"
        for member in ["immutable"] + members {
            let isKept = member == "immutable" ? new[member].isTrue : new[member].object == old[member].object
            if !isKept { report(.forbidden(new[member].path, detail)) }
        }
    }

    private static let requiredKeys: [String: [String]] = [
        "kubernetes.io/dockercfg": [".dockercfg"], "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
        "kubernetes.io/ssh-auth": ["ssh-privatekey"], "kubernetes.io/tls": ["tls.crt", "tls.key"],
    ]

    mutating func secret(_ object: JSONField) {
        let data = object["data"]
        var size = 0
        for entry in data.entries {
            invalid(entry.field.path, entry.key, NameValidation.configKey(entry.key))
            size += Self.decodedSize(entry.field.string)
        }
        if size > Self.dataMaxBytes { report(.tooLong(data.path, maxBytes: Self.dataMaxBytes)) }
        let type = object["type"].string
        for key in Self.requiredKeys[type] ?? [] where data.object.index(of: key) == nil {
            report(.required(data.path.key(key)))
        }
        switch type {
        case "kubernetes.io/service-account-token":
            let key = "kubernetes.io/service-account.name"
            let annotations = object["metadata", "annotations"]
            if annotations[key].isEmptyText { report(.required(annotations.path.key(key))) }
        case "kubernetes.io/basic-auth":
            if data.object.index(of: "username") == nil, data.object.index(of: "password") == nil {
                report(.required(data.path.key("username")))
                report(.required(data.path.key("password")))
            }
        case "kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson":
            let key = Self.requiredKeys[type]?[0] ?? ""
            if data.object.index(of: key) != nil { jsonContent(JSONField(data.value?[key], data.path.key(key))) }
        default: break
        }
    }

    /// The content itself is a secret: it is not repeated.
    private mutating func jsonContent(_ field: JSONField) {
        guard let bytes = Base64Data(base64: field.string)?.bytes, (try? JSONValue(parsing: bytes)) == nil else { return }
        let first = bytes.first.map { String(UnicodeScalar($0)) } ?? ""
        let detail = first.isEmpty ? "unexpected end of JSON input" : "invalid character '\(first)' looking for beginning of value"
        report(.invalid(field.path, "<secret contents redacted>", detail))
    }

    mutating func secretUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["type"], old["type"])
        immutableData(new, old, ["data"])
    }
}

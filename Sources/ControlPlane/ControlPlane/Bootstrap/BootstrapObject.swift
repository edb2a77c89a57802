internal import APIMachinery
internal import APIServer
internal import KubernetesAPI

/// An object that is there from the beginning.
struct BootstrapObject: Sendable {
    var group: String
    var version: String
    var kind: String
    var name: String
    /// Empty for an object of the cluster.
    var namespace: String
    /// Everything but kind and apiVersion.
    var object: JSONObject

    /// - Parameter path: `NAME` or `NAMESPACE/NAME`; names hold no slash.
    /// - Parameter metadata: What stands there besides name and namespace.
    init(group: String, version: String = "v1", kind: String, path: Substring, metadata: JSONObject = JSONObject()) {
        self.group = group
        self.version = version
        self.kind = kind
        let parts = path.split(separator: "/")
        name = String(parts[parts.count - 1])
        namespace = parts.count > 1 ? String(parts[0]) : ""
        var full = JSONObject()
        full["name"] = .string(name)
        if !namespace.isEmpty { full["namespace"] = .string(namespace) }
        for member in metadata.members { full[member.key] = member.value }
        object = JSONObject()
        object["metadata"] = .object(full)
    }

    mutating func append(rule: JSONValue) {
        object["rules"] = .array((object["rules"]?.arrayValue ?? []) + [rule])
    }

    mutating func label(_ key: String, _ value: String) {
        var labels = object["metadata"]?["labels"] ?? .object(JSONObject())
        labels[key] = .string(value)
        object["metadata", default: .null]["labels"] = labels
    }

    func location(_ plural: String) -> StorageLocation {
        let kind = GroupVersionKind(group: group, version: version, kind: kind)
        return StorageLocation(group: group, plural: plural, form: StoredForm(kind: kind, itemsCarryKind: false))
    }

    /// With an identity and a time of its own, as a create gives them.
    func bytes(in location: StorageLocation, now: Timestamp) -> [UInt8] {
        var made = object
        made["metadata", default: .null]["uid"] = .string(UID.random().description)
        made["metadata", default: .null]["creationTimestamp"] = .string(now.description)
        return location.form.bytes(of: made)
    }
}

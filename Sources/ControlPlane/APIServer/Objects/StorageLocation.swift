internal import APIMachinery

/// Where a resource's objects lie in the store, and in which form.
package struct StorageLocation: Sendable {
    /// `/registry/GROUP/PLURAL/`
    package let prefix: String
    package let form: StoredForm

    package init(group: String, plural: String, form: StoredForm) {
        prefix = "/registry/\(group.isEmpty ? "core" : group)/\(plural)/"
        self.form = form
    }

    /// - Parameter namespace: Empty for a resource of the cluster.
    package func key(namespace: String, name: String) -> String {
        namespace.isEmpty ? prefix + name : "\(prefix)\(namespace)/\(name)"
    }

    /// Of all objects, or of those of one namespace.
    package func prefix(namespace: String) -> String { namespace.isEmpty ? prefix : "\(prefix)\(namespace)/" }

    /// What the keys of a key's resource begin with; nil for a key that is not one of a resource.
    static func prefix(ofKey key: String) -> String? {
        var slashes = 0
        for (offset, byte) in key.utf8.enumerated() where byte == UInt8(ascii: "/") {
            slashes += 1
            if slashes == 4 { return String(key.utf8.prefix(offset + 1)) }
        }
        return nil
    }
}

package import APIMachinery

/// The metadata that the server itself reads and sets, on any kind.
extension JSONObject {
    package var metadata: JSONObject {
        get { self["metadata"]?.objectValue ?? JSONObject() }
        set { self["metadata"] = .object(newValue) }
    }

    func metadataText(_ name: String) -> String { self["metadata"]?[name]?.stringValue ?? "" }

    package var name: String { metadataText("name") }
    package var namespace: String { metadataText("namespace") }
    package var uid: String { metadataText("uid") }
    package var resourceVersion: String { metadataText("resourceVersion") }
    package var isBeingDeleted: Bool { !metadataText("deletionTimestamp").isEmpty }
    package var generation: Int64 { self["metadata"]?["generation"]?.integerValue ?? 0 }
    package var finalizers: [String] { (self["metadata"]?["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue) }
    package var labels: [String: String] { stringMap(self["metadata"]?["labels"]) }
    package var annotations: [String: String] { stringMap(self["metadata"]?["annotations"]) }

    private func stringMap(_ value: JSONValue?) -> [String: String] {
        guard let members = value?.objectValue?.members else { return [:] }
        return Dictionary(members.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
    }

    /// Sets a member of the metadata in the place where upstream writes it; nil removes it.
    package mutating func setMetadata(_ name: String, _ value: JSONValue?) {
        var metadata = self.metadata
        self["metadata"] = .null  // so that the copy above is the only one and is changed in place
        if value == nil || metadata[name] != nil {
            metadata[name] = value
        } else if let value {
            let rank = Self.metadataOrder.firstIndex(of: name) ?? Self.metadataOrder.count
            let position = metadata.members.firstIndex { (Self.metadataOrder.firstIndex(of: $0.key) ?? .max) > rank }
            metadata.insert(name, value, at: position ?? metadata.count)
        }
        self["metadata"] = .object(metadata)
    }

    mutating func setResourceVersion(_ version: String?) { setMetadata("resourceVersion", version.map { .string($0) }) }

    mutating func setFinalizers(_ finalizers: [String]) {
        setMetadata("finalizers", finalizers.isEmpty ? nil : .array(finalizers.map { .string($0) }))
    }

    private static let metadataOrder = [
        "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
    ]

    private mutating func insert(_ key: String, _ value: JSONValue, at position: Int) {
        var members = self.members
        members.insert(Member(key: key, value: value), at: position)
        self = JSONObject(members: members)
    }
}

internal import APIMachinery

/// The annotation in which `kubectl apply` keeps what it sent, which server-side apply by kubectl takes over.
enum LastApplied {
    static let annotation = "kubectl.kubernetes.io/last-applied-configuration"
    private static let kubectl = "kubectl"
    /// Of all annotations together.
    private static let maxAnnotationBytes = 256 << 10

    /// Keeps the annotation in step with what kubectl applies, where the object has it.
    static func refresh(in object: inout JSONObject, manager: String, applied: JSONObject) {
        guard manager == kubectl, let metadata = object["metadata"], text(of: metadata) != nil else { return }
        var plain = applied
        if plain["metadata"]?["annotations"] != nil {
            plain["metadata", default: [:]]["annotations", default: [:]][annotation] = nil
        }
        let json = JSONValue.object(plain).sortedByKey.serializedText(JSONStyle(escapesHTML: true)) + "\n"
        object["metadata", default: [:]]["annotations", default: [:]][annotation] = .string(json)
        let bytes = object["metadata"]?["annotations"]?.objectValue?.members.reduce(0) { sum, member in
            sum + member.key.utf8.count + (member.value.stringValue?.utf8.count ?? 0)
        }
        if (bytes ?? 0) > maxAnnotationBytes {
            object["metadata", default: [:]]["annotations", default: [:]][annotation] = nil
        }
    }

    /// What the annotation says kubectl set, as far as the object still has it so. Nil where kubectl may not take it over.
    static func ownedFields(of live: JSONObject, manager: String, fieldManager: FieldManager) -> FieldSet? {
        guard manager == kubectl, let metadata = live["metadata"], let text = text(of: metadata),
            let last = (try? JSONValue(parsing: text))?.objectValue,
            last["apiVersion"]?.stringValue == fieldManager.kind.apiVersion
        else { return nil }
        let changes = fieldManager.type.compare(last, live)
        return fieldManager.type.fieldSet(of: last).subtracting(changes.modified).subtracting(changes.added)
            .subtracting(changes.removed)
    }

    private static func text(of metadata: JSONValue) -> String? {
        guard let text = metadata["annotations"]?[annotation]?.stringValue, !text.isEmpty else { return nil }
        return text
    }
}

extension JSONValue {
    subscript(key: String, default value: @autoclosure () -> JSONValue) -> JSONValue {
        get { self[key] ?? value() }
        set { self[key] = newValue }
    }

    /// With the members of every object in the order of their keys, as Go writes maps.
    var sortedByKey: JSONValue {
        switch self {
        case .object(let object):
            .object(
                JSONObject(
                    members: object.members.sorted { $0.key < $1.key }.map {
                        JSONObject.Member(key: $0.key, value: $0.value.sortedByKey)
                    }))
        case .array(let items): .array(items.map(\.sortedByKey))
        default: self
        }
    }
}

internal import APIMachinery

/// What a definition's status says: which names are its own, and whether it is served. Pure.
struct DefinitionStatus {
    private let definition: JSONObject
    private let others: [JSONObject]
    private let now: Timestamp

    init(_ definition: JSONObject, others: [JSONObject], now: Timestamp) {
        self.definition = definition
        self.others = others
        self.now = now
    }

    private var names: JSONValue { definition["spec"]?["names"] ?? .null }

    var json: JSONValue {
        let (names, conflict) = acceptance
        var status: JSONObject = [:]
        var conditions = (definition["status"]?["conditions"]?.arrayValue ?? [])
        let accepted: JSONValue =
            conflict.map { condition("NamesAccepted", "False", $0.reason, $0.message) }
            ?? condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")
        let isEstablished = conflict == nil || conditions.contains { $0["type"] == "Established" && $0["status"] == "True" }
        let established =
            isEstablished
            ? condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted")
            : condition("Established", "False", "NotAccepted", "not all names are accepted")
        for new in [accepted, established] { Self.set(new, in: &conditions) }
        status.append("conditions", .array(conditions))
        status.append("acceptedNames", conflict == nil ? self.names : names)
        status.append("storedVersions", .array(storedVersions))
        return .object(status)
    }

    private var storedVersions: [JSONValue] {
        var versions = definition["status"]?["storedVersions"]?.arrayValue ?? []
        let storage = definition["spec"]?["versions"]?.arrayValue?.first { $0["storage"]?.boolValue == true }?["name"]
        if let storage, !versions.contains(storage) { versions.append(storage) }
        return versions
    }

    /// A condition that has not changed keeps its time.
    private static func set(_ new: JSONValue, in conditions: inout [JSONValue]) {
        guard let index = conditions.firstIndex(where: { $0["type"] == new["type"] }) else { return conditions.append(new) }
        var new = new
        if conditions[index]["status"] == new["status"] { new["lastTransitionTime"] = conditions[index]["lastTransitionTime"] }
        conditions[index] = new
    }

    private func condition(_ type: String, _ status: String, _ reason: String, _ message: String) -> JSONValue {
        [
            "type": .string(type), "status": .string(status), "lastTransitionTime": .string(now.description),
            "reason": .string(reason), "message": .string(message),
        ]
    }

    /// The names that are its own, and the last of those that are others'.
    private var acceptance: (names: JSONValue, conflict: (reason: String, message: String)?) {
        let group = definition["spec"]?["group"]
        let taken = others.filter { $0["spec"]?["group"] == group }.compactMap { $0["status"]?["acceptedNames"] }
        let before = definition["status"]?["acceptedNames"] ?? .null
        var accepted: JSONValue = ["plural": before["plural"] ?? "", "kind": before["kind"] ?? ""]
        var conflict: (reason: String, message: String)?
        let resourceNames = ["plural", "singular", "shortNames"]
        let rules = [
            ("plural", "PluralConflict", resourceNames), ("singular", "SingularConflict", resourceNames),
            ("shortNames", "ShortNamesConflict", resourceNames), ("kind", "KindConflict", ["kind", "listKind"]),
            ("listKind", "ListKindConflict", ["kind", "listKind"]),
        ]
        for (field, reason, fields) in rules {
            guard let wanted = names[field] else { continue }
            let own = Self.texts(before[field])
            let others = Set(taken.flatMap { names in fields.flatMap { Self.texts(names[$0]) } })
            if let name = Self.texts(wanted).first(where: { others.contains($0) && !own.contains($0) }) {
                conflict = (reason, "\(name.quoted) is already in use")
                accepted[field] = before[field] ?? accepted[field]
            } else {
                accepted[field] = wanted
            }
        }
        accepted["categories"] = names["categories"]
        return (accepted, conflict)
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        value?.stringValue.map { [$0] } ?? (value?.arrayValue ?? []).compactMap(\.stringValue)
    }
}

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
        let conflict = conflict
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
        let none: JSONValue = ["plural": "", "kind": ""]
        status.append("acceptedNames", conflict == nil ? names : definition["status"]?["acceptedNames"] ?? none)
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

    private var conflict: (reason: String, message: String)? {
        let group = definition["spec"]?["group"]
        let taken = others.filter { $0["spec"]?["group"] == group }.compactMap { $0["status"]?["acceptedNames"] }
        func isTaken(_ name: String, by fields: [String]) -> Bool {
            taken.contains { accepted in
                fields.contains { field in
                    accepted[field]?.stringValue == name || (accepted[field]?.arrayValue ?? []).contains(.string(name))
                }
            }
        }
        let resourceNames = ["plural", "singular", "shortNames"]
        for (field, reason) in [("plural", "PluralConflict"), ("singular", "SingularConflict")] {
            let name = names[field]?.stringValue ?? ""
            if isTaken(name, by: resourceNames) { return (reason, "\(name.quoted) is already in use") }
        }
        for short in (names["shortNames"]?.arrayValue ?? []).compactMap(\.stringValue) where isTaken(short, by: resourceNames) {
            return ("ShortNamesConflict", "\(short.quoted) is already in use")
        }
        for (field, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
            let name = names[field]?.stringValue ?? ""
            if isTaken(name, by: ["kind", "listKind"]) { return (reason, "\(name.quoted) is already in use") }
        }
        return nil
    }
}

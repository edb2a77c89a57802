package import APIMachinery

/// Makes the strategic merge patch that turns one object into another, as clients send it that keep what they do not know of.
package struct StrategicMergeDiff {
    private let schema: Schema

    package init(schema: Schema = .builtIn) { self.schema = schema }

    /// - Parameter type: The schema's name of the objects' type, for example `core/v1.PodStatus`.
    /// - Returns: Empty when there is nothing to do.
    package func patch(from old: JSONObject, to new: JSONObject, type: String) -> JSONObject {
        patch(from: old, to: new, schema[type: type])
    }

    private func patch(from old: JSONObject, to new: JSONObject, _ type: TypeSchema?) -> JSONObject {
        var patch = JSONObject()
        for member in new.members where old[member.key] != member.value {
            let field = type?[member.key]
            switch (old[member.key], member.value) {
            case (.object(let before), .object(let after)) where field?.patchStrategies.contains("replace") != true:
                patch[member.key] = .object(self.patch(from: before, to: after, memberType(field)))
            case (.array(let before), .array(let after)) where field?.patchStrategies.contains("merge") == true:
                addList(from: before, to: after, name: member.key, field, to: &patch)
            default: patch[member.key] = member.value
            }
        }
        for key in old.keys where new[key] == nil { patch[key] = .null }
        return patch
    }

    private func addList(from old: [JSONValue], to new: [JSONValue], name: String, _ field: FieldSchema?, to patch: inout JSONObject) {
        guard let key = field?.patchMergeKey else { return addPrimitives(from: old, to: new, name: name, to: &patch) }
        let oldKeys = old.map { $0[key] ?? .null }
        let newKeys = new.map { $0[key] ?? .null }
        guard Self.areUnique(oldKeys), Self.areUnique(newKeys) else {
            patch[name] = .array([["$patch": "replace"]] + new)
            return
        }
        var changes: [JSONValue] = []
        for (element, value) in zip(new, newKeys) {
            guard let index = oldKeys.firstIndex(of: value) else {
                changes.append(element)
                continue
            }
            guard old[index] != element, case .object(let before) = old[index], case .object(let after) = element else { continue }
            var change = JSONObject()
            change[key] = value
            for member in self.patch(from: before, to: after, memberType(field)).members { change[member.key] = member.value }
            changes.append(.object(change))
        }
        for value in oldKeys where !newKeys.contains(value) {
            var deletion: JSONObject = ["$patch": "delete"]
            deletion[key] = value
            changes.append(.object(deletion))
        }
        let order = newKeys.map { value -> JSONValue in
            var element = JSONObject()
            element[key] = value
            return .object(element)
        }
        patch["$setElementOrder/\(name)"] = .array(order)
        if !changes.isEmpty { patch[name] = .array(changes) }
    }

    private func addPrimitives(from old: [JSONValue], to new: [JSONValue], name: String, to patch: inout JSONObject) {
        let gone = old.filter { !new.contains($0) }
        let added = new.filter { !old.contains($0) }
        if !gone.isEmpty { patch["$deleteFromPrimitiveList/\(name)"] = .array(gone) }
        patch["$setElementOrder/\(name)"] = .array(new)
        if !added.isEmpty { patch[name] = .array(added) }
    }

    /// A list that repeats a key, as the addresses of a node do, cannot be merged by it.
    private static func areUnique(_ keys: [JSONValue]) -> Bool {
        !keys.contains(.null) && keys.indices.allSatisfy { !keys[..<$0].contains(keys[$0]) }
    }

    /// The type of a field's members or elements; the values of a map are no members.
    private func memberType(_ field: FieldSchema?) -> TypeSchema? {
        guard var type = field?.type else { return nil }
        while true {
            switch type {
            case .list(let inner): type = inner
            case .type(let name): return schema[type: name]
            default: return nil
            }
        }
    }
}

internal import APIMachinery

extension FieldManager {
    /// Takes out what the manager applied before, no longer applies, and nobody else owns.
    ///
    /// - Parameters:
    ///   - merged: The live object with the applied one over it.
    ///   - last: What the manager owned until now.
    ///   - managed: All managers, this one with what it owns from now on.
    /// - Returns: The pruned object, and what to compare with the live one: there a map or list that has lost all that
    ///   was in it is null, so that whoever owns the map itself keeps it, as upstream.
    func prune(
        _ merged: JSONObject, _ last: ManagedFields.Entry, _ managed: ManagedFields
    ) -> (pruned: JSONObject, compared: JSONObject) {
        let owned = managed[last.manager]?.fields ?? FieldSet()
        // Nothing was given up: then nothing can go.
        if last.apiVersion == kind.apiVersion, last.fields.subtracting(owned).isEmpty { return (merged, merged) }
        guard !last.fields.isEmpty, let (object, type) = converted(merged, to: last.apiVersion) else {
            return (merged, merged)
        }
        let lastFields = type.schema.withNamedFieldsAsMembers(last.fields, type.root)
        var rest = type.removing(lastFields, from: object, leavingNulls: true)
        rest = addBackOwned(object, rest, last.apiVersion, managed)
        let gone = dangling(object, rest, type, lastFields)
        let pruned = type.removing(gone, from: object, leavingNulls: false)
        let compared = type.removing(gone, from: object, leavingNulls: true)
        if last.apiVersion == kind.apiVersion { return (pruned, compared) }
        guard let (pruned, _) = converted(pruned, to: kind.apiVersion),
            let (compared, _) = converted(compared, to: kind.apiVersion)
        else { return (merged, merged) }
        return (pruned, compared)
    }

    /// Puts back what other managers own, or this one still does, in each version that entries are in: the version of
    /// the pruned object first.
    private func addBackOwned(
        _ merged: JSONObject, _ pruned: JSONObject, _ version: String, _ managed: ManagedFields
    ) -> JSONObject {
        var fields: [String: FieldSet] = [:]
        for entry in managed.entries {
            fields[entry.apiVersion, default: FieldSet()] = entry.fields.union(fields[entry.apiVersion] ?? FieldSet())
        }
        var (merged, pruned) = (merged, pruned)
        for other in fields.keys.sorted(by: { ($0 == version ? 0 : 1, $0) < ($1 == version ? 0 : 1, $1) }) {
            guard let owned = fields[other], let (mergedThere, type) = converted(merged, to: other),
                let (prunedThere, _) = converted(pruned, to: other)
            else { continue }
            func named(_ set: FieldSet) -> FieldSet { type.schema.withNamedFieldsAsMembers(set, type.root) }
            let kept = named(type.fieldSet(of: prunedThere)).union(named(owned))
            let gone = named(type.fieldSet(of: mergedThere)).subtracting(kept)
            let rest = type.removing(gone, from: mergedThere, leavingNulls: true)
            guard let backMerged = other == version ? mergedThere : converted(mergedThere, to: version)?.0,
                let back = other == version ? rest : converted(rest, to: version)?.0
            else { continue }
            (merged, pruned) = (backMerged, back)
        }
        return pruned
    }

    /// What is to go for good: of what was pruned only that which the manager owned before, not what went along with it.
    private func dangling(
        _ merged: JSONObject, _ pruned: JSONObject, _ type: ApplyType, _ lastFields: FieldSet
    ) -> FieldSet {
        func named(_ object: JSONObject) -> FieldSet {
            type.schema.withNamedFieldsAsMembers(type.fieldSet(of: object), type.root)
        }
        return named(merged).subtracting(named(pruned)).intersection(lastFields)
    }
}

extension ApplyType {
    /// The fields that an object sets.
    func fieldSet(of object: JSONObject) -> FieldSet { TypedValue(.object(object), self).fieldSet }
}

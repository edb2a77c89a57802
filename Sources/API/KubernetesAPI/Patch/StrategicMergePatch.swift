package import APIMachinery

/// A merge patch that knows the types: lists of objects merge by a key.
///
/// Directives, as kubectl sends them: `$patch` (merge, replace, delete) in objects and lists,
/// `$retainKeys`, `$deleteFromPrimitiveList/FIELD`, `$setElementOrder/FIELD`.
package struct StrategicMergePatch {
    private let schema: Schema

    package init(schema: Schema = .builtIn) { self.schema = schema }

    /// - Parameter type: The schema's name of the object's type, for example `core/v1.Pod`.
    package func apply(_ patch: JSONValue, to original: JSONValue, type: String) throws(PatchError) -> JSONValue {
        guard case .object(let object) = original, case .object(let changes) = patch else {
            throw PatchError(.malformed, "a strategic merge patch is an object")
        }
        return .object(try merge(changes, into: object, schema[type: type]) ?? JSONObject())
    }

    // MARK: Objects

    /// - Parameter type: Nil where nothing is known of the members; then lists are replaced.
    /// - Returns: Nil when the object is to be deleted.
    private func merge(
        _ patch: JSONObject, into original: JSONObject, _ type: TypeSchema?
    ) throws(PatchError) -> JSONObject? {
        var patch = patch
        if let directive = try takeDirective(&patch) {
            switch directive {
            case .replace: return patch
            case .delete: return nil
            case .merge: break
            }
        }
        var result = original
        if let kept = patch["$retainKeys"] {
            patch["$retainKeys"] = nil
            try retain(kept, in: &result, patch)
        }
        let (orders, deletions) = takeListDirectives(&patch)
        for change in patch.members {
            let field = type?[change.key]
            if case .null = change.value {
                result[change.key] = nil
            } else if let current = result[change.key] {
                result[change.key] = try merged(
                    change.value, into: current, field, order: orders[change.key], deletions: deletions[change.key])
            } else {
                result[change.key] = try cleaned(change.value, field)
            }
        }
        try finishLists(&result, patch, type, orders, deletions)
        return result
    }

    private enum Directive: String { case replace, delete, merge }

    private func takeDirective(_ object: inout JSONObject) throws(PatchError) -> Directive? {
        guard let value = object["$patch"] else { return nil }
        guard let text = value.stringValue, let directive = Directive(rawValue: text) else {
            throw PatchError(.malformed, "unknown patch type: \(value.goText) in map: \(JSONValue.object(object).goText)")
        }
        object["$patch"] = nil
        return directive
    }

    /// Drops every member that is not listed. The patch must not set one that it drops.
    private func retain(_ list: JSONValue, in object: inout JSONObject, _ patch: JSONObject) throws(PatchError) {
        let keys = Set((list.arrayValue ?? []).compactMap(\.stringValue))
        for member in patch.members where !member.key.hasPrefix("$") && !member.value.isNull && !keys.contains(member.key) {
            throw PatchError(.malformed, "retain keys: \(member.key) is set by the patch and not in the list")
        }
        for key in object.keys where !keys.contains(key) { object[key] = nil }
    }

    /// Takes `$setElementOrder/FIELD` and `$deleteFromPrimitiveList/FIELD` out of a patch, by field.
    private func takeListDirectives(
        _ patch: inout JSONObject
    ) -> (orders: [String: [JSONValue]], deletions: [String: [JSONValue]]) {
        var orders: [String: [JSONValue]] = [:]
        var deletions: [String: [JSONValue]] = [:]
        for member in patch.members {
            guard let slash = member.key.firstIndex(of: "/"), member.key.hasPrefix("$") else { continue }
            let field = String(member.key[member.key.index(after: slash)...])
            switch member.key[..<slash] {
            case "$setElementOrder": orders[field] = member.value.arrayValue ?? []
            case "$deleteFromPrimitiveList": deletions[field] = member.value.arrayValue ?? []
            default: continue
            }
            patch[member.key] = nil
        }
        return (orders, deletions)
    }

    /// Orders and deletes in the lists that the patch names in directives alone.
    private func finishLists(
        _ result: inout JSONObject, _ patch: JSONObject, _ type: TypeSchema?, _ orders: [String: [JSONValue]],
        _ deletions: [String: [JSONValue]]
    ) throws(PatchError) {
        for key in Set(orders.keys).union(deletions.keys).sorted() where patch[key] == nil {
            guard let current = result[key] else { continue }
            result[key] = try merged(
                .array([]), into: current, type?[key], order: orders[key], deletions: deletions[key])
        }
    }

    // MARK: Values

    private func merged(
        _ patch: JSONValue, into current: JSONValue, _ field: FieldSchema?, order: [JSONValue]?,
        deletions: [JSONValue]?
    ) throws(PatchError) -> JSONValue? {
        switch (patch, current) {
        case (.object(let changes), .object(let object)):
            if field?.patchStrategies.contains("replace") == true { return try cleaned(patch, field) }
            return try merge(changes, into: object, memberType(field)).map { .object($0) }
        case (.array(let changes), .array(let elements)):
            guard field?.patchStrategies.contains("merge") == true else { return try cleaned(patch, field) }
            return .array(try mergedList(changes, into: elements, field, order: order, deletions: deletions))
        default: return try cleaned(patch, field)
        }
    }

    /// A value that stands nowhere yet: without directives, and without the nulls that would remove something.
    private func cleaned(_ patch: JSONValue, _ field: FieldSchema?) throws(PatchError) -> JSONValue? {
        switch patch {
        case .object(let object):
            return try merge(object, into: JSONObject(), memberType(field)).map { .object($0) }
        case .array(let elements):
            let type = memberType(field)
            var result: [JSONValue] = []
            for element in elements {
                guard case .object(var object) = element else {
                    result.append(element)
                    continue
                }
                let directive = try takeDirective(&object)
                if directive == .delete || directive == .replace && object.isEmpty { continue }
                if let kept = try merge(object, into: JSONObject(), type) { result.append(.object(kept)) }
            }
            return .array(result)
        default: return patch
        }
    }

    /// The type of a field's members, elements or values.
    private func memberType(_ field: FieldSchema?) -> TypeSchema? {
        guard var type = field?.type else { return nil }
        while true {
            switch type {
            case .list(let inner): type = inner
            case .type(let name): return schema[type: name]
            // The values of a map are no members of its type: `labels` has no field `a`.
            default: return nil
            }
        }
    }

    // MARK: Lists

    private func mergedList(
        _ patch: [JSONValue], into current: [JSONValue], _ field: FieldSchema?, order: [JSONValue]?,
        deletions: [JSONValue]?
    ) throws(PatchError) -> [JSONValue] {
        guard let key = field?.patchMergeKey else {
            return mergedPrimitives(patch, into: current, order: order, deletions: deletions ?? [])
        }
        try checkElements(patch, current)
        for element in order ?? [] where element[key] == nil { throw missingKey(element, key) }
        var result = current
        var added: [JSONValue] = []
        var replaced: [JSONValue]?
        for element in patch {
            guard case .object(var object) = element else { throw missingKey(element, key) }
            let directive = try takeDirective(&object)
            if directive == .replace {
                replaced = replaced ?? []
                continue
            }
            guard let value = object[key] else { throw missingKey(element, key) }
            if directive == .delete {
                result.removeAll { $0[key] == value }
            } else if let index = result.firstIndex(where: { $0[key] == value }),
                case .object(let currentElement) = result[index]
            {
                result[index] = try merge(object, into: currentElement, memberType(field)).map { .object($0) } ?? [:]
            } else {
                added.append(.object(try merge(object, into: JSONObject(), memberType(field)) ?? JSONObject()))
            }
        }
        if replaced != nil { return try replacement(patch, field) }
        return ordered(result, added: added, by: key, order: order, patch: patch)
    }

    private func missingKey(_ element: JSONValue, _ key: String) -> PatchError {
        PatchError(.malformed, "map: \(element.goText) does not contain declared merge key: \(key)")
    }

    /// All elements of both lists must be objects.
    private func checkElements(_ patch: [JSONValue], _ current: [JSONValue]) throws(PatchError) {
        let isUniform = (patch + current).allSatisfy { if case .object = $0 { true } else { false } }
        guard !isUniform else { return }
        let shown = [JSONValue.array(current).goText, JSONValue.array(patch).goText].joined(separator: " ")
        throw PatchError(.malformed, "list element types are not identical: [\(shown)]")
    }

    /// What is left of a list with `$patch: replace` in it.
    private func replacement(_ patch: [JSONValue], _ field: FieldSchema?) throws(PatchError) -> [JSONValue] {
        let rest = patch.filter { $0["$patch"]?.stringValue != "replace" }
        return try cleaned(.array(rest), field)?.arrayValue ?? []
    }

    private func mergedPrimitives(
        _ patch: [JSONValue], into current: [JSONValue], order: [JSONValue]?, deletions: [JSONValue]
    ) -> [JSONValue] {
        let kept = current.filter { !deletions.contains($0) }
        var added: [JSONValue] = []
        for element in patch where !kept.contains(element) && !added.contains(element) { added.append(element) }
        return ordered(kept, added: added, by: nil, order: order, patch: patch)
    }

    /// Puts a merged list in order: the elements that the patch knows as it says, the others where they stood relative
    /// to their neighbours.
    private func ordered(
        _ kept: [JSONValue], added: [JSONValue], by key: String?, order: [JSONValue]?, patch: [JSONValue]
    ) -> [JSONValue] {
        func identity(_ value: JSONValue) -> JSONValue { key.flatMap { value[$0] } ?? value }
        let wanted = (order ?? patch).map(identity)
        func rank(_ value: JSONValue) -> Int? { wanted.firstIndex(of: identity(value)) }
        let known = (kept + added).filter { rank($0) != nil }.sorted { (rank($0) ?? 0) < (rank($1) ?? 0) }
        let others = (kept + added).filter { rank($0) == nil }
        return mergedInOrder(known, others, original: kept.map(identity), identity: identity)
    }

    /// Merges two lists, each in its order; an element of `others` goes before those of `known` that stood behind it.
    private func mergedInOrder(
        _ known: [JSONValue], _ others: [JSONValue], original: [JSONValue], identity: (JSONValue) -> JSONValue
    ) -> [JSONValue] {
        var result: [JSONValue] = []
        var rest = others[...]
        for value in known {
            if let place = original.firstIndex(of: identity(value)) {
                while let other = rest.first, let otherPlace = original.firstIndex(of: identity(other)), otherPlace < place {
                    result.append(other)
                    rest = rest.dropFirst()
                }
            }
            result.append(value)
        }
        return result + rest
    }
}

internal import APIMachinery

/// A custom resource's schema, read once: what is pruned, defaulted and checked.
final class StructuralSchema: Sendable {
    let json: JSONValue
    let type: String
    let properties: [(name: String, schema: StructuralSchema)]
    /// Of every member that is not named; nil where there are no others.
    let additional: StructuralSchema?
    let items: StructuralSchema?
    let required: [String]
    let preservesUnknown: Bool
    let isIntOrString: Bool
    let isEmbedded: Bool
    let isNullable: Bool
    let defaultValue: JSONValue?

    init(_ json: JSONValue) {
        self.json = json
        type = json["type"]?.stringValue ?? ""
        properties = (json["properties"]?.objectValue?.members ?? []).map { ($0.key, StructuralSchema($0.value)) }
        switch json["additionalProperties"] {
        case .object(let schema)?: additional = StructuralSchema(.object(schema))
        case .bool(true)?: additional = StructuralSchema(["x-kubernetes-preserve-unknown-fields": true])
        default: additional = nil
        }
        items = json["items"].map { StructuralSchema($0) }
        required = (json["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        preservesUnknown = json["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
        isIntOrString = json["x-kubernetes-int-or-string"]?.boolValue ?? false
        isEmbedded = json["x-kubernetes-embedded-resource"]?.boolValue ?? false
        isNullable = json["nullable"]?.boolValue ?? false
        defaultValue = json["default"]
    }

    func property(_ name: String) -> StructuralSchema? { properties.first { $0.name == name }?.schema }

    // MARK: pruning

    /// Leaves out what the schema does not know, and says what that was.
    ///
    /// - Parameter isRoot: `apiVersion`, `kind` and `metadata` are then always known, as they are in an embedded object.
    func prune(_ value: inout JSONValue, at path: FieldPath, isRoot: Bool = false, _ unknown: inout [FieldPath]) {
        switch value {
        case .object(let object): value = .object(prune(object, at: path, isRoot: isRoot, &unknown))
        case .array(var elements):
            guard let items else { return }
            for index in elements.indices { items.prune(&elements[index], at: path.index(index), &unknown) }
            value = .array(elements)
        default: break
        }
    }

    private func prune(_ object: JSONObject, at path: FieldPath, isRoot: Bool, _ unknown: inout [FieldPath]) -> JSONObject {
        var result = JSONObject()
        for member in object.members {
            if isRoot || isEmbedded, ["apiVersion", "kind", "metadata"].contains(member.key) {
                result.append(member.key, member.value)
            } else if let schema = property(member.key) ?? additional {
                var value = member.value
                schema.prune(&value, at: path.child(member.key), &unknown)
                result.append(member.key, value)
            } else if preservesUnknown {
                result.append(member.key, member.value)
            } else {
                unknown.append(path.child(member.key))
            }
        }
        return result
    }

    // MARK: defaults

    /// Fills in defaults below what is there. A null that is not allowed counts as absent.
    func applyDefaults(to value: inout JSONValue) {
        switch value {
        case .object(var object):
            for (name, schema) in properties {
                if object[name]?.isNull == true, !schema.isNullable { object[name] = nil }
                if object[name] == nil, let value = schema.defaultValue { object[name] = value }
                guard var inner = object[name] else { continue }
                schema.applyDefaults(to: &inner)
                object[name] = inner
            }
            if let additional {
                for member in object.members where property(member.key) == nil {
                    var inner = member.value
                    additional.applyDefaults(to: &inner)
                    object[member.key] = inner
                }
            }
            value = .object(object)
        case .array(var elements):
            guard let items else { return }
            for index in elements.indices { items.applyDefaults(to: &elements[index]) }
            value = .array(elements)
        default: break
        }
    }
}

internal import APIMachinery

/// Turns the schema tables into OpenAPI schemas, with those that they refer to.
///
/// The tables hold no descriptions, so the documents have none.
struct OpenAPISchemas {
    enum Version { case v2, v3 }

    private let schema: Schema
    private let version: Version
    private(set) var definitions: [String: JSONValue] = [:]

    init(_ version: Version, schema: Schema = .builtIn) {
        self.version = version
        self.schema = schema
    }

    /// In the order of their names.
    var sortedDefinitions: JSONObject {
        JSONObject(members: definitions.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) })
    }

    // MARK: References

    /// `$ref` to a type, which is added with all that it needs.
    mutating func reference(toType name: String) -> JSONValue {
        let definition = OpenAPINames.definition(ofType: name)
        if definitions[definition] == nil {
            definitions[definition] = [:]  // its own fields may refer to it
            definitions[definition] = body(ofType: name)
        }
        return reference(definition)
    }

    private func reference(_ definition: String) -> JSONValue {
        ["$ref": .string((version == .v2 ? "#/definitions/" : "#/components/schemas/") + definition)]
    }

    /// `$ref` to a kind, built in or added before.
    mutating func reference(to kind: GroupVersionKind) -> JSONValue {
        if let name = schema[kind]?.name { return reference(toType: name) }
        let custom = OpenAPINames.definition(ofCustom: kind)
        return definitions[custom] == nil ? ["type": "object"] : reference(custom)
    }

    mutating func reference(toListOf kind: GroupVersionKind) -> JSONValue {
        let definition =
            (schema[kind].map { OpenAPINames.definition(ofType: $0.name) }
                ?? OpenAPINames.definition(ofCustom: kind)) + "List"
        if definitions[definition] == nil {
            var object: JSONObject = ["type": "object", "required": ["items"]]
            object.append(
                "properties",
                [
                    "apiVersion": ["type": "string"],
                    "items": ["type": "array", "items": nested(reference(to: kind))],
                    "kind": ["type": "string"],
                    "metadata": nested(reference(toType: "meta/v1.ListMeta")),
                ])
            object.append("x-kubernetes-group-version-kind", [kind.listKind.openAPI])
            definitions[definition] = .object(object)
        }
        return reference(definition)
    }

    /// Adds a custom resource's schema, with the members of every object.
    mutating func add(_ kind: GroupVersionKind, openAPIV3Schema: JSONValue?) {
        var object =
            openAPIV3Schema?.objectValue ?? [
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            ]
        var properties: JSONObject = ["apiVersion": ["type": "string"], "kind": ["type": "string"]]
        properties.append("metadata", nested(reference(toType: "meta/v1.ObjectMeta")))
        for member in object["properties"]?.objectValue?.members ?? [] where properties[member.key] == nil {
            properties.append(member.key, member.value)
        }
        object["properties"] = .object(properties)
        object["x-kubernetes-group-version-kind"] = [kind.openAPI]
        definitions[OpenAPINames.definition(ofCustom: kind)] = .object(object)
    }

    // MARK: Types

    private mutating func body(ofType name: String) -> JSONValue {
        switch name {
        case "base.Quantity":
            return version == .v2 ? ["type": "string"] : ["oneOf": [["type": "string"], ["type": "number"]]]
        case "base.IntOrString":
            return version == .v2
                ? ["type": "string", "format": "int-or-string"]
                : ["format": "int-or-string", "oneOf": [["type": "integer"], ["type": "string"]]]
        default: break
        }
        guard let type = schema[type: name] else { return [:] }
        switch type.format {
        case "date-time": return ["type": "string", "format": "date-time"]
        case "string": return ["type": "string"]
        case .some: return [:]  // any JSON value
        case nil: return object(type)
        }
    }

    private mutating func object(_ type: TypeSchema) -> JSONValue {
        var object: JSONObject = ["type": "object"]
        if !type.fields.isEmpty {
            var properties = JSONObject()
            for field in type.fields { properties.append(field.name, property(field)) }
            object.append("properties", .object(properties))
        }
        let required = type.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { object.append("required", .array(required)) }
        if !type.kinds.isEmpty {
            object.append("x-kubernetes-group-version-kind", .array(type.kinds.map(\.openAPI)))
        }
        if type.isAtomic { object.append("x-kubernetes-map-type", "atomic") }
        if !type.unions.isEmpty { object.append("x-kubernetes-unions", .array(type.unions.map(\.openAPI))) }
        return .object(object)
    }

    private mutating func property(_ field: FieldSchema) -> JSONValue {
        var object = value(of: field.type).objectValue ?? JSONObject()
        if !field.enumValues.isEmpty, field.type == .string {
            object.append("enum", .array(field.enumValues.map { .string($0) }))
        }
        if let text = field.listMapKeyDefault { object.append("default", .string(text)) }
        if case .list = field.type {
            if let type = field.listType { object.append("x-kubernetes-list-type", .string(type.rawValue)) }
            if !field.listMapKeys.isEmpty {
                object.append("x-kubernetes-list-map-keys", .array(field.listMapKeys.map { .string($0) }))
            }
        }
        if field.isAtomicMap { object.append("x-kubernetes-map-type", "atomic") }
        if let key = field.patchMergeKey { object.append("x-kubernetes-patch-merge-key", .string(key)) }
        if !field.patchStrategies.isEmpty {
            object.append("x-kubernetes-patch-strategy", .string(field.patchStrategies.joined(separator: ",")))
        }
        return .object(object)
    }

    private mutating func value(of type: FieldType) -> JSONValue {
        if let name = OpenAPINames.type(of: type) { return nested(reference(toType: name)) }
        switch type {
        case .string: return ["type": "string"]
        case .bytes: return ["type": "string", "format": "byte"]
        case .int32: return ["type": "integer", "format": "int32"]
        case .int64: return ["type": "integer", "format": "int64"]
        case .bool: return ["type": "boolean"]
        case .double: return ["type": "number", "format": "double"]
        case .list(let element): return ["type": "array", "items": value(of: element)]
        case .map(let element): return ["type": "object", "additionalProperties": value(of: element)]
        case .any, .time, .microTime, .quantity, .intOrString, .type: return [:]
        }
    }

    /// A reference that other members may stand beside, as each version wants it.
    private func nested(_ reference: JSONValue) -> JSONValue { version == .v2 ? reference : ["allOf": [reference]] }
}

extension FieldSchema {
    /// The one default that clients need: of a key of a list map.
    fileprivate var listMapKeyDefault: String? {
        name == "protocol" && !isRequired && type == .string && defaultText == "TCP" ? "TCP" : nil
    }
}

extension TypeSchema.Union {
    fileprivate var openAPI: JSONValue {
        var object = JSONObject()
        if !discriminator.isEmpty { object.append("discriminator", .string(discriminator)) }
        let fields = members.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
        object.append("fields-to-discriminateBy", .object(JSONObject(members: fields)))
        return .object(object)
    }
}

extension GroupVersionKind {
    var openAPI: JSONValue { ["group": .string(group), "version": .string(version), "kind": .string(kind)] }
}

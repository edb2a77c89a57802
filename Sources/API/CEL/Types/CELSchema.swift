package import APIMachinery

/// What JSON values mean to expressions: which texts are times, which lists are sets, how fields are called.
///
/// Made of a structural schema. What the schema does not describe is not visible to expressions.
package final class CELSchema: Sendable {
    enum Shape: Sendable {
        case scalar
        case list(CELSchema, CELList.Identity)
        case map(CELSchema)
        /// By escaped name.
        case object([String: Property])
    }

    struct Property: Sendable {
        var name: String
        var schema: CELSchema
    }

    package let type: CELType
    let shape: Shape
    package let isNullable: Bool

    init(type: CELType, shape: Shape = .scalar, isNullable: Bool = false) {
        self.type = type
        self.shape = shape
        self.isNullable = isNullable
    }

    /// The name of the type of objects.
    static let objectName = "object"

    /// - Parameters:
    ///   - json: A node of an OpenAPI v3 schema.
    ///   - isResourceRoot: The node is a whole object: `apiVersion`, `kind` and the names in `metadata` are visible.
    /// - Returns: nil for what expressions cannot see.
    package convenience init?(structural json: JSONValue, isResourceRoot: Bool = false) {
        let isNullable = json["nullable"]?.boolValue ?? false
        if json["x-kubernetes-int-or-string"]?.boolValue == true {
            self.init(type: .dynamic, isNullable: isNullable)
            return
        }
        let json = isResourceRoot ? Self.withObjectMeta(json) : json
        func inner(_ schema: JSONValue) -> CELSchema? {
            CELSchema(structural: schema, isResourceRoot: schema["x-kubernetes-embedded-resource"]?.boolValue ?? false)
        }
        switch json["type"]?.stringValue {
        case "array":
            guard let items = json["items"].flatMap(inner) else { return nil }
            self.init(type: .list(items.type), shape: .list(items, Self.identity(json)), isNullable: isNullable)
        case "object":
            if let additional = json["additionalProperties"], additional.objectValue != nil {
                guard let values = inner(additional) else { return nil }
                self.init(type: .map(.string, values.type), shape: .map(values), isNullable: isNullable)
                return
            }
            var properties: [String: Property] = [:]
            for member in json["properties"]?.objectValue?.members ?? [] {
                guard let schema = inner(member.value), let name = PropertyName.escaped(member.key) else { continue }
                properties[name] = Property(name: member.key, schema: schema)
            }
            let object = CELObjectType(name: Self.objectName, fields: properties.mapValues(\.schema.type))
            self.init(type: .object(object), shape: .object(properties), isNullable: isNullable)
        default:
            guard let type = Self.scalar(json) else { return nil }
            self.init(type: type, isNullable: isNullable)
        }
    }

    private static func scalar(_ json: JSONValue) -> CELType? {
        switch json["type"]?.stringValue {
        case "boolean": .bool
        case "number": .double
        case "integer": .int
        case "string":
            switch json["format"]?.stringValue {
            case "byte": .bytes
            case "duration": .duration
            case "date", "date-time": .timestamp
            default: .string
            }
        default: nil
        }
    }

    private static func identity(_ json: JSONValue) -> CELList.Identity {
        switch json["x-kubernetes-list-type"]?.stringValue {
        case "set": .set
        case "map": .map((json["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue))
        default: .atomic
        }
    }

    private static func withObjectMeta(_ json: JSONValue) -> JSONValue {
        var json = json
        json["type"] = "object"
        var properties = json["properties"] ?? [:]
        properties["apiVersion"] = ["type": "string"]
        properties["kind"] = ["type": "string"]
        properties["metadata"] = [
            "type": "object", "properties": ["name": ["type": "string"], "generateName": ["type": "string"]],
        ]
        json["properties"] = properties
        return json
    }
}

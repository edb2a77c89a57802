import APIMachinery

@testable import KubernetesAPI

/// Objects made from the schema tables.
enum SampleObjects {
    /// An object with every field set to something that is not zero; nil for a kind that is not built in.
    static func full(_ kind: GroupVersionKind) -> JSONObject? {
        guard let type = Schema.builtIn[kind] else { return nil }
        var object: JSONObject = ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind)]
        for field in type.fields where field.name != "apiVersion" && field.name != "kind" {
            object.append(field.name, value(of: field.type, field.name, ["base": 0]))
        }
        return object
    }

    /// - Parameter uses: How often each type is around the value, so that types within themselves end.
    private static func value(of type: FieldType, _ name: String, _ uses: [String: Int]) -> JSONValue {
        switch type {
        case .string: .string("text of \(name)")
        case .int32: .integer(-7)
        case .int64: .integer(1 << 40)
        case .bool: true
        case .double: JSONNumber(2.5).map { .number($0) } ?? .null
        case .bytes: "aGk="
        case .time: "2024-01-02T03:04:05Z"
        case .microTime: "2024-01-02T03:04:05.000006Z"
        case .quantity: "1500m"
        case .intOrString: name == "port" ? "http" : 8080
        case .any: ["any": [1, "x", nil, true]]
        case .list(let element): .array([value(of: element, name, uses)].filter { $0 != .null })
        case .map(let element): map(of: element, name, uses)
        case .type(let name): structure(name, uses)
        }
    }

    private static func map(of element: FieldType, _ name: String, _ uses: [String: Int]) -> JSONValue {
        let inner = value(of: element, name, uses)
        return inner == .null ? [:] : ["b": inner, "a": inner]
    }

    private static func structure(_ name: String, _ uses: [String: Int]) -> JSONValue {
        switch name {
        case "base.RawExtension", "meta/v1.FieldsV1", "apiextensions/v1.JSON": return ["f:x": [:]]
        case "base.Quantity": return "2Gi"
        case "base.IntOrString": return "50%"
        case "meta/v1.Time": return "2024-01-02T03:04:05Z"
        case "meta/v1.MicroTime": return "2024-01-02T03:04:05.000006Z"
        case "apiextensions/v1.JSONSchemaPropsOrBool": return true
        case "apiextensions/v1.JSONSchemaPropsOrArray", "apiextensions/v1.JSONSchemaPropsOrStringArray":
            return structure("apiextensions/v1.JSONSchemaProps", uses)
        default: break
        }
        guard let type = Schema.builtIn[type: name] else { return .null }
        let count = uses[name] ?? 0
        if count > 1 { return .null }
        var inner = uses
        inner[name] = count + 1
        var object = JSONObject()
        for field in type.fields {
            if !type.kinds.isEmpty, field.name == "apiVersion" || field.name == "kind" { continue }
            let value = value(of: field.type, field.name, inner)
            if value != .null, value != [], value != [:] { object.append(field.name, value) }
        }
        return .object(object)
    }
}

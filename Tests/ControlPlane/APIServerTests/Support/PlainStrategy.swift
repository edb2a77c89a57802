import APIMachinery
import APIServer
import KubernetesAPI

/// The least that a kind needs, so that the server can be tested without the rules of the built-in kinds.
struct PlainStrategy: ObjectStrategy {
    let kind: GroupVersionKind

    func canonical(_ object: JSONObject) throws(DecodingFailure) -> CanonicalObject {
        var object = object
        var unknown: [String] = []
        for key in object.keys where key.hasPrefix("unknown") {
            object[key] = nil
            unknown.append("unknown field \(key.quoted)")
        }
        if let data = object["data"], data.objectValue == nil {
            throw DecodingFailure(
                message: "json: cannot unmarshal \(data.typeName) into Go struct field ConfigMap.data of type map[string]string")
        }
        return CanonicalObject(object: object, unknownFields: unknown)
    }

    func applyDefaults(to object: inout JSONObject) {}

    func prepareForCreate(_ object: inout JSONObject) {
        if kind.kind == "Namespace" {
            object["spec"] = ["finalizers": ["kubernetes"]]
            object["status"] = ["phase": "Active"]
        } else {
            object["status"] = kind.kind == "Pod" ? ["phase": "Pending"] : nil
        }
        if ["Deployment", "Pod"].contains(kind.kind) { object.setMetadata("generation", 1) }
    }

    func prepareForUpdate(_ object: inout JSONObject, old: JSONObject, subresource: String) {
        switch subresource {
        case "":
            object["status"] = old["status"]
            if kind.kind == "Deployment", object["spec"] != old["spec"] {
                object.setMetadata("generation", .integer((old["metadata"]?["generation"]?.integerValue ?? 0) + 1))
            }
        case "status": object["spec"] = old["spec"]
        default: break
        }
    }

    func validate(_ object: JSONObject) -> [FieldError] {
        guard let name = object["metadata"]?["name"]?.stringValue, !name.isEmpty else {
            return [.required(FieldPath("metadata", "name"), "name or generateName is required")]
        }
        return NameValidation.dns1123Subdomain(name).map { .invalid(FieldPath("metadata", "name"), .string(name), $0) }
    }

    func validateUpdate(_ object: JSONObject, old: JSONObject, subresource: String) -> [FieldError] { [] }
    func warnings(_ object: JSONObject, old: JSONObject?) -> [String] { [] }
    var allowsCreateOnUpdate: Bool { kind.kind == "Lease" }
    var allowsUnconditionalUpdate: Bool { kind.kind != "Lease" }

    var columns: [TableColumn] {
        [TableColumn(name: "Name", type: "string", format: "name", description: "the name", priority: 0)]
    }
    func cells(of object: JSONObject, now: TableClock) -> [JSONValue] { [object["metadata"]?["name"] ?? .null] }
    func rowConditions(of object: JSONObject) -> [JSONValue] { [] }
    var fieldLabels: [String] { kind.kind == "Pod" ? ["spec.nodeName", "status.phase"] : [] }
    func fieldValue(_ label: String, of object: JSONObject) -> String {
        label.split(separator: ".").reduce(JSONValue.object(object) as JSONValue?) { $0?[String($1)] }?.stringValue ?? ""
    }
    func unsupportedFieldLabel(_ label: String) -> String { "field label not supported: \(label)" }
    var typeName: String { "\(kind.group.isEmpty ? "core" : kind.group)/\(kind.version).\(kind.kind)" }
    func resetFields(subresource: String) -> [FieldPath] { [] }

    var deletion: DeletionPolicy {
        var policy = DeletionPolicy()
        policy.isGraceful = kind.kind == "Pod"
        return policy
    }
    var scale: ScalePaths? { nil }
}

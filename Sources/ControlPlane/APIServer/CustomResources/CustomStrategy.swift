internal import APIMachinery
internal import KubernetesAPI

/// The rules of one version of a custom resource, as its definition tells them.
struct CustomStrategy: ObjectStrategy {
    let kind: GroupVersionKind
    let isNamespaced: Bool
    /// nil where everything is kept.
    let schema: StructuralSchema?
    let hasStatus: Bool
    let scale: ScalePaths?
    private let rules: CustomRules?
    private let printer: PrinterColumns
    /// Paths that may be selected by, with the label that they have.
    private let selectable: [(label: String, path: SimpleJSONPath)]

    init(kind: GroupVersionKind, isNamespaced: Bool, version: JSONValue) {
        self.kind = kind
        self.isNamespaced = isNamespaced
        let json = version["schema"]?["openAPIV3Schema"]
        schema = json.map { StructuralSchema($0) }
        rules = schema.map { CustomRules($0) }
        hasStatus = version["subresources"]?["status"] != nil
        scale = (version["subresources"]?["scale"]).map {
            ScalePaths(
                specReplicas: $0["specReplicasPath"]?.stringValue ?? "", statusReplicas: $0["statusReplicasPath"]?.stringValue ?? "",
                selector: $0["labelSelectorPath"]?.stringValue)
        }
        printer = PrinterColumns(version["additionalPrinterColumns"]?.arrayValue ?? [])
        selectable = (version["selectableFields"]?.arrayValue ?? []).compactMap { field in
            guard let text = field["jsonPath"]?.stringValue, let path = try? SimpleJSONPath(parsing: text) else { return nil }
            return (String(text.drop { $0 == "." }), path)
        }
    }

    func canonical(_ object: JSONObject) throws(DecodingFailure) -> CanonicalObject {
        var unknown: [FieldPath] = []
        var value = JSONValue.object(object)
        schema?.prune(&value, at: .root, isRoot: true, &unknown)
        var result = value.objectValue ?? object
        if let metadata = object["metadata"] { result["metadata"] = .object(try Self.metadata(metadata, &unknown)) }
        return CanonicalObject(object: result, unknownFields: unknown.map { "unknown field \($0.description.quoted)" })
    }

    /// The metadata of any object, by the type that all have.
    private static func metadata(_ json: JSONValue, _ unknown: inout [FieldPath]) throws(DecodingFailure) -> JSONObject {
        var decoder = ObjectDecoder(at: FieldPath("metadata"))
        guard let metadata = ObjectMeta.decode(json, &decoder) else {
            throw DecodingFailure(message: "json: cannot unmarshal \(json.typeName) into Go struct field .metadata of type v1.ObjectMeta")
        }
        for problem in decoder.problems {
            switch problem.kind {
            case .unknownField: unknown.append(problem.path)
            case .wrongType:
                throw DecodingFailure(message: Self.typeProblem(problem, metadata: json))
            default: break
            }
        }
        var object = metadata.jsonObject
        // What the type reads as absent and others have set must stay as it was.
        if let fields = json["managedFields"] { object["managedFields"] = fields }
        return object
    }

    /// In the words of Go's decoder, which names the field of the structure and the type that it wanted.
    private static func typeProblem(_ problem: FieldError, metadata: JSONValue) -> String {
        var (value, names) = (metadata as JSONValue?, [String]())
        for element in problem.path.elements.dropFirst() {
            switch element {
            case .field(let name):
                value = value?[name]
                names.append(name)
            case .key(let key): value = value?[key]
            case .index(let index): value = value?[index]
            }
        }
        let given =
            switch value {
            case .integer?, .number?: "number"
            case .bool?: "bool"
            default: value?.typeName ?? "null"
            }
        let wanted = problem.detail.firstMatch(of: #/expected ([a-z0-9]+)/#).map { String($0.output.1) } ?? "object"
        return "json: cannot unmarshal \(given) into Go struct field ObjectMeta.\(names.joined(separator: ".")) of type \(wanted)"
    }

    func applyDefaults(to object: inout JSONObject) {
        guard let schema else { return }
        var value = JSONValue.object(object)
        schema.applyDefaults(to: &value)
        object = value.objectValue ?? object
    }

    func prepareForCreate(_ object: inout JSONObject) {
        if hasStatus { object["status"] = nil }
        object.setMetadata("generation", 1)
    }

    func prepareForUpdate(_ object: inout JSONObject, old: JSONObject, subresource: String) {
        if subresource == "status" {
            let status = object["status"]
            let managed = object["metadata"]?["managedFields"]
            let version = object.resourceVersion
            object = old
            object["status"] = status
            object.setMetadata("managedFields", managed)
            object.setMetadata("resourceVersion", version.isEmpty ? nil : .string(version))
            return
        }
        if hasStatus { object["status"] = old["status"] }
        let ignored = hasStatus ? ["metadata", "status"] : ["metadata"]
        func content(_ object: JSONObject) -> JSONObject { JSONObject(members: object.members.filter { !ignored.contains($0.key) }) }
        object.setMetadata("generation", .integer(old.generation + (content(object) == content(old) ? 0 : 1)))
    }

    func validate(_ object: JSONObject) -> [FieldError] {
        let errors = ObjectMetaRules.validate(
            object["metadata"], isNamespaced: isNamespaced, name: NameValidation.dns1123Subdomain
        ).filter { !ObjectMetaRules.isOfBuiltInKinds($0) }
        let problems = content(object)
        return errors + (rules?.checked(object, old: nil, problems: problems) ?? problems)
    }

    func validateUpdate(_ object: JSONObject, old: JSONObject, subresource: String) -> [FieldError] {
        let problems = content(object)
        return ObjectMetaRules.validateUpdate(object["metadata"], old: old["metadata"], isNamespaced: isNamespaced)
            .filter { !ObjectMetaRules.isOfBuiltInKinds($0) } + (rules?.checked(object, old: old, problems: problems) ?? problems)
    }

    private func content(_ object: JSONObject) -> [FieldError] {
        guard let schema else { return [] }
        var validation = SchemaValidation()
        var value = object
        value["metadata"] = schema.property("metadata") == nil ? nil : object["metadata"]
        validation.check(.object(value), schema, at: .root)
        return validation.errors.filter { $0.path != FieldPath("metadata") }
    }

    func warnings(_ object: JSONObject, old: JSONObject?) -> [String] {
        object.finalizers.filter { finalizer in
            !finalizer.contains("/") && !["orphan", "foregroundDeletion"].contains(finalizer)
                && !(old?.finalizers.contains(finalizer) ?? false)
        }.map {
            "metadata.finalizers: \($0.quoted): prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
        } + (rules?.warnings(object, old: old) ?? [])
    }

    var allowsCreateOnUpdate: Bool { false }
    var allowsUnconditionalUpdate: Bool { false }
    func resetFields(subresource: String) -> [FieldPath] {
        guard hasStatus else { return [] }
        return subresource == "status" ? [FieldPath("metadata"), FieldPath("spec")] : [FieldPath("status")]
    }
    var deletion: DeletionPolicy { DeletionPolicy() }

    var columns: [TableColumn] { printer.columns }
    func cells(of object: JSONObject, now: TableClock) -> [JSONValue] { printer.cells(of: object, now: now) }
    func rowConditions(of object: JSONObject) -> [JSONValue] { [] }

    var fieldLabels: [String] { selectable.map(\.label) }
    func fieldValue(_ label: String, of object: JSONObject) -> String {
        guard let path = selectable.first(where: { $0.label == label })?.path,
            let value = path.values(in: .object(object))?.first
        else { return "" }
        return value.stringValue ?? (value.isNull ? "" : value.serializedText())
    }
    func unsupportedFieldLabel(_ label: String) -> String { "field label not supported: \(label)" }
    var typeName: String { "" }
}

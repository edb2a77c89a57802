internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// Reads a body that is to be an object of the resource's kind: in canonical form, with its defaults.
    func decodeBody(_ context: inout RequestContext, _ validation: WriteOptions.FieldValidation) throws(Status) -> JSONObject {
        let body = try RequestBody(context.request, kind: context.resource.kind)
        return try decode(body, &context, validation)
    }

    func decode(
        _ body: RequestBody, _ context: inout RequestContext, _ validation: WriteOptions.FieldValidation
    ) throws(Status) -> JSONObject {
        var object = body.object
        try checkKind(&object, context.resource)
        return try canonical(object, problems: body.duplicates, &context, validation)
    }

    /// Brings an object into canonical form and applies the defaults.
    ///
    /// - Parameter problems: What a strict reader has found already.
    func canonical(
        _ object: JSONObject, problems: [String] = [], sortsUnknown: Bool = false, _ context: inout RequestContext,
        _ validation: WriteOptions.FieldValidation
    ) throws(Status) -> JSONObject {
        guard let strategy = context.resource.stored?.strategy else { throw .methodNotAllowed }
        let kind = context.resource.kind
        let canonical: CanonicalObject
        do throws(DecodingFailure) {
            canonical = try strategy.canonical(object)
        } catch {
            throw .badRequest("\(kind.kind) in version \(kind.version.quoted) cannot be handled as a \(kind.kind): \(error.message)")
        }
        let problems = problems + (sortsUnknown ? canonical.unknownFields.sorted() : canonical.unknownFields)
        if !problems.isEmpty {
            switch validation {
            case .ignore: break
            case .warn: context.warnings.add(contentsOf: problems)
            case .strict:
                throw .badRequest(
                    "\(kind.kind) in version \(kind.version.quoted) cannot be handled as a \(kind.kind): strict decoding error: "
                        + Self.strictText(problems))
            }
        }
        var result = canonical.object
        strategy.applyDefaults(to: &result)
        return result
    }

    /// All problems of a strict reader; those of YAML, which stand first and name their lines, are one error of their own.
    private static func strictText(_ problems: [String]) -> String {
        let lines = problems.prefix { $0.hasPrefix("line ") }
        let yaml = lines.isEmpty ? [] : ["yaml: unmarshal errors:" + lines.map { "\n  \($0)" }.joined()]
        return (yaml + problems.dropFirst(lines.count)).joined(separator: ", ")
    }

    /// Fills in what the body leaves out, and refuses another kind.
    private func checkKind(_ object: inout JSONObject, _ resource: ResourceDefinition) throws(Status) {
        let expected = resource.kind
        let version = object["apiVersion"]?.stringValue ?? ""
        let kind = object["kind"]?.stringValue ?? ""
        if version.isEmpty { object["apiVersion"] = .string(expected.apiVersion) }
        if kind.isEmpty { object["kind"] = .string(expected.kind) }
        let given = GroupVersionKind(
            apiVersion: version.isEmpty ? expected.apiVersion : version, kind: kind.isEmpty ? expected.kind : kind)
        guard given != expected else { return }
        if resource.isCustom { throw Self.wrongCustomKind(given, expected, name: object.name) }
        if given.kind == expected.kind, given.group == expected.group, Schema.builtIn[given] != nil {
            throw .badRequest(
                "the API version in the data (\(given.apiVersion)) does not match the expected API version (\(expected.apiVersion))")
        }
        let handled = "\(given.kind) in version \(given.version.quoted) cannot be handled as a \(expected.kind)"
        if isRegistered(given) {
            let package = { (kind: GroupVersionKind) in kind.group.split(separator: ".").first.map(String.init) ?? "core" }
            throw .badRequest(
                "\(handled): converting (\(given.version).\(given.kind)) to (\(package(expected)).\(expected.kind)): unknown conversion")
        }
        throw .badRequest(
            "\(handled): no kind \(given.kind.quoted) is registered for version \(given.apiVersion.quoted) in scheme "
                + "\"pkg/api/legacyscheme/scheme.go:30\"")
    }

    private func isRegistered(_ kind: GroupVersionKind) -> Bool {
        if Schema.builtIn[kind] != nil { return true }
        guard kind.kind.hasSuffix("List") else { return false }
        return Schema.builtIn[GroupVersionKind(group: kind.group, version: kind.version, kind: String(kind.kind.dropLast(4)))] != nil
    }

    private static func wrongCustomKind(_ given: GroupVersionKind, _ expected: GroupVersionKind, name: String) -> Status {
        guard given.apiVersion == expected.apiVersion else {
            return .badRequest(
                "the API version in the data (\(given.apiVersion)) does not match the expected API version (\(expected.apiVersion))")
        }
        return .invalid(
            kind: given.kind, group: given.group, name: name,
            [.invalid(FieldPath("kind"), .string(given.kind), "must be \(expected.kind)")])
    }

    /// The namespace of the URL counts; the object may leave it out, but not name another.
    func settleNamespace(of object: inout JSONObject, _ context: RequestContext) throws(Status) {
        guard context.resource.isNamespaced else { return object.setMetadata("namespace", nil) }
        let given = object.namespace
        guard given.isEmpty || given == context.namespace else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        object.setMetadata("namespace", .string(context.namespace))
    }
}

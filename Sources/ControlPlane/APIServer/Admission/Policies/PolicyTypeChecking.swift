internal import APIMachinery
internal import CEL
internal import KubernetesAPI

/// Checks a policy's expressions against the kinds that it is about (upstream's validating.TypeChecker): what is wrong is told in its
/// status, for expressions may be meant for some of the kinds only.
struct PolicyTypeChecking: Sendable {
    let registry: ResourceRegistry
    let custom: [OpenAPIDocuments.CustomResource]

    /// More are not looked at.
    private static let kindsMax = 10

    /// The status of a policy.
    func status(_ policy: JSONObject) -> JSONValue {
        var checking: JSONValue = [:]
        let warnings = warnings(policy)
        if !warnings.isEmpty { checking["expressionWarnings"] = .array(warnings) }
        return ["observedGeneration": .integer(policy.generation), "typeChecking": checking]
    }

    /// ExpressionWarning objects.
    private func warnings(_ policy: JSONObject) -> [JSONValue] {
        var texts: [(path: String, text: String)] = []
        for kind in kinds(policy) {
            guard let schema = schema(of: kind) else { continue }
            let typed = ValidatingPolicy(policy, objectType: schema.type)
            for (index, validation) in typed.validations.enumerated() {
                let expressions =
                    [("expression", validation.expression)] + (validation.messageExpression.map { [("messageExpression", $0)] } ?? [])
                for (member, expression) in expressions {
                    guard case .failure(let error) = expression.program else { continue }
                    let path = "spec.validations[\(index)].\(member)"
                    let text = "\(kind.goText): \(error.description.withoutPrefix("compilation failed: "))"
                    if let place = texts.firstIndex(where: { $0.path == path }) {
                        texts[place].text += "\n\n" + text
                    } else {
                        texts.append((path, text))
                    }
                }
            }
        }
        return texts.map { ["fieldRef": .string($0.path), "warning": .string($0.text)] }
    }

    /// The kinds that the rules name without wildcards.
    private func kinds(_ policy: JSONObject) -> [GroupVersionKind] {
        let criteria = MatchCriteria(policy["spec"]?["matchConstraints"] ?? .null, rules: "resourceRules")
        var kinds: [GroupVersionKind] = []
        for rule in criteria.rules {
            for group in rule.groups where group != "*" {
                for version in rule.versions where version != "*" {
                    for plural in rule.resources {
                        guard let kind = registry.resource(group: group, version: version, plural: plural)?.kind, !kinds.contains(kind)
                        else { continue }
                        kinds.append(kind)
                    }
                }
            }
        }
        return Array(kinds.prefix(Self.kindsMax))
    }

    private func schema(of kind: GroupVersionKind) -> CELSchema? {
        if let own = custom.first(where: { $0.resource.kind == kind }) {
            return own.openAPIV3Schema.flatMap { CELSchema(structural: $0, isResourceRoot: true) }
        }
        let document = OpenAPIDocuments.v3(group: kind.group, version: kind.version)
        let schemas = document["components"]?["schemas"]?.objectValue ?? JSONObject()
        let wanted: JSONValue = ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
        let found = schemas.members.first { $0.value["x-kubernetes-group-version-kind"]?.arrayValue?.contains(wanted) == true }
        return found.flatMap { CELSchema(structural: ResolvedSchema(schemas: schemas).resolved($0.value, within: [])) }
    }
}

/// A schema of an OpenAPI document with what it refers to in its place.
private struct ResolvedSchema {
    let schemas: JSONObject

    /// Of any type: for what has several, and for what contains itself.
    private static let anything: JSONValue = ["x-kubernetes-int-or-string": true]

    func resolved(_ schema: JSONValue, within names: [String]) -> JSONValue {
        if let reference = schema["$ref"]?.stringValue ?? schema["allOf"]?[0]?["$ref"]?.stringValue {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            guard !names.contains(name), let target = schemas[name] else { return Self.anything }
            return resolved(target, within: names + [name])
        }
        guard schema["type"] != nil else { return Self.anything }
        if schema["type"] == "object", schema["properties"] == nil, schema["additionalProperties"] == nil { return Self.anything }
        var result = schema
        if let properties = schema["properties"]?.objectValue {
            result["properties"] = .object(
                JSONObject(members: properties.members.map { .init(key: $0.key, value: resolved($0.value, within: names)) }))
        }
        for member in ["items", "additionalProperties"] {
            if let inner = schema[member], inner.objectValue != nil { result[member] = resolved(inner, within: names) }
        }
        return result
    }
}

extension String {
    fileprivate func withoutPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}

extension APIServer {
    func isPolicy(_ resource: ResourceDefinition) -> Bool {
        resource.plural == "validatingadmissionpolicies" && resource.group == "admissionregistration.k8s.io"
    }

    /// Writes down what was found about a policy that has just been written.
    ///
    /// - Returns: The write with that: its version is the one that the client goes on with.
    func policyChanged(_ result: WriteResult, _ context: RequestContext) async throws(Status) -> WriteResult {
        let status = PolicyTypeChecking(registry: registry, custom: customDocuments).status(result.object)
        guard
            status["observedGeneration"] != result.object["status"]?["observedGeneration"]
                || status["typeChecking"] != result.object["status"]?["typeChecking"]
        else { return result }
        var own = context
        own.caller = .system
        own.info.name = result.object.name
        var update = ObjectUpdate(name: result.object.name, subresource: "status") { old, _ throws(Status) in
            var object = old
            var merged = object["status"] ?? [:]
            for member in status.objectValue?.members ?? [] { merged[member.key] = member.value }
            object["status"] = merged
            return object
        }
        update.tracksFieldsItself = true
        do throws(Status) {
            var written = try await perform(update, &own)
            written.isCreated = result.isCreated
            return written
        } catch  where error.reason == .notFound || error.reason == .conflict {
            // Somebody was faster: the next write is looked at again.
            return result
        }
    }
}

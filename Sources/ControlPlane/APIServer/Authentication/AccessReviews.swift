internal import APIMachinery

/// SubjectAccessReview and its kin (authorization.k8s.io/v1).
extension ReviewService {
    /// - Parameter namespace: Of a LocalSubjectAccessReview; nil for one of the cluster.
    func review(_ object: JSONObject, kind: String, in namespace: String?) throws(Status) -> JSONObject {
        let spec = object["spec"] ?? .object(JSONObject())
        var problems = Self.problems(of: spec)
        let path = FieldPath("spec")
        let user = UserInfo(
            name: spec["user"]?.stringValue ?? "", uid: spec["uid"]?.stringValue ?? "", groups: spec["groups"].strings,
            extra: Self.extra(spec["extra"]))
        if user.name.isEmpty, user.groups.isEmpty {
            problems.append(.invalid(path.child("user"), "", "at least one of user or group must be specified"))
        }
        let asked = spec["resourceAttributes"]?["namespace"]?.stringValue ?? ""
        if let namespace, asked != namespace {
            problems.append(
                .invalid(path.child("resourceAttributes").child("namespace"), .string(asked), "must match metadata.namespace"))
        }
        return try answer(object, spec, user, kind: kind, problems)
    }

    func reviewSelf(_ object: JSONObject, _ caller: UserInfo) throws(Status) -> JSONObject {
        let spec = object["spec"] ?? .object(JSONObject())
        return try answer(object, spec, caller, kind: "SelfSubjectAccessReview", Self.problems(of: spec))
    }

    private func answer(
        _ object: JSONObject, _ spec: JSONValue, _ user: UserInfo, kind: String, _ problems: [FieldError]
    ) throws(Status) -> JSONObject {
        // Upstream leaves the kind out of this message.
        guard problems.isEmpty else { throw .invalid(kind: "", group: "authorization.k8s.io", name: "", problems) }
        let decision = authorizer.authorize(Self.attributes(spec, user))
        var status = JSONObject()
        status["allowed"] = .bool(decision.isAllowed)
        if case .denied = decision { status["denied"] = true }
        if !decision.reason.isEmpty { status["reason"] = .string(decision.reason) }
        var result = object
        result["status"] = .object(status)
        return result
    }

    private static func problems(of spec: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        switch (spec["resourceAttributes"], spec["nonResourceAttributes"]) {
        case (_?, let other?):
            return [.invalid(path.child("nonResourceAttributes"), other, "cannot be specified in combination with resourceAttributes")]
        case (nil, nil):
            return [
                .invalid(
                    path.child("resourceAttributes"), .null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")
            ]
        default: return []
        }
    }

    private static func attributes(_ spec: JSONValue, _ user: UserInfo) -> RequestAttributes {
        if let url = spec["nonResourceAttributes"] {
            return RequestAttributes(user: user, verb: url["verb"]?.stringValue ?? "", path: url["path"]?.stringValue ?? "")
        }
        let asked = spec["resourceAttributes"]
        func text(_ key: String) -> String { asked?[key]?.stringValue ?? "" }
        return RequestAttributes(
            user: user, verb: text("verb"),
            resource: .init(
                group: text("group"), version: text("version"), resource: text("resource"), subresource: text("subresource"),
                namespace: text("namespace"), name: text("name"), fieldSelector: fieldSelector(asked?["fieldSelector"])))
    }

    private static func fieldSelector(_ json: JSONValue?) -> FieldSelector? {
        if let raw = json?["rawSelector"]?.stringValue { return try? FieldSelector(parsing: raw) }
        guard let requirements = json?["requirements"]?.arrayValue else { return nil }
        return FieldSelector(
            requirements.compactMap { requirement in
                guard requirement["operator"]?.stringValue == "In", requirement["values"].strings.count == 1 else { return nil }
                return .init(field: requirement["key"]?.stringValue ?? "", isEqual: true, value: requirement["values"].strings[0])
            })
    }

    /// Keys of extra are compared in small letters.
    private static func extra(_ json: JSONValue?) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for member in json?.objectValue?.members ?? [] { result[member.key.lowercased()] = Optional(member.value).strings }
        return result
    }

    // MARK: rules

    /// SelfSubjectRulesReview: `kubectl auth can-i --list`.
    func reviewRules(_ object: JSONObject, _ caller: UserInfo) throws(Status) -> JSONObject {
        let namespace = object["spec"]?["namespace"]?.stringValue ?? ""
        guard !namespace.isEmpty else { throw .badRequest("no namespace on request") }
        let rules = rbac.rules(for: caller, in: namespace)
        var status = JSONObject()
        status["resourceRules"] = .array(rules.filter { !$0.resources.isEmpty }.map(\.resourceRule))
        status["nonResourceRules"] = .array(rules.filter { !$0.nonResourceURLs.isEmpty }.map(\.nonResourceRule))
        status["incomplete"] = .bool(caller.nodeName != nil)
        if caller.nodeName != nil { status["evaluationError"] = "node authorizer does not support user rule resolution" }
        var result = object
        result["status"] = .object(status)
        return result
    }
}

extension PolicyRule {
    fileprivate var resourceRule: JSONValue {
        var rule = JSONObject()
        rule["verbs"] = .array(verbs.map { .string($0) })
        rule["apiGroups"] = .array(apiGroups.map { .string($0) })
        rule["resources"] = .array(resources.map { .string($0) })
        if !resourceNames.isEmpty { rule["resourceNames"] = .array(resourceNames.map { .string($0) }) }
        return .object(rule)
    }

    fileprivate var nonResourceRule: JSONValue {
        ["verbs": .array(verbs.map { .string($0) }), "nonResourceURLs": .array(nonResourceURLs.map { .string($0) })]
    }
}

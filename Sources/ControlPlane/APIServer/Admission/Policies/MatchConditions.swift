internal import APIMachinery
internal import CEL

/// Expressions that all have to be true of a request for a webhook or policy to look at it.
struct MatchConditions: Sendable {
    struct Condition: Sendable {
        var name: String
        var expression: PolicyExpression
    }

    /// What the conditions of one object may cost together.
    private static let budget = 2_500_000

    let conditions: [Condition]

    init(_ json: JSONValue?, _ environment: @autoclosure () -> CELEnvironment) {
        let elements = json?.arrayValue ?? []
        guard !elements.isEmpty else {
            conditions = []
            return
        }
        let environment = environment()
        conditions = elements.map { condition in
            Condition(
                name: condition["name"]?.stringValue ?? "",
                expression: PolicyExpression(condition["expression"]?.stringValue ?? "", environment, expecting: [.bool]))
        }
    }

    var isEmpty: Bool { conditions.isEmpty }

    /// Why it is not known whether they are met.
    struct Undecided: Error { var text: String }

    /// One that is false decides, whatever became of the others.
    ///
    /// - Parameter failsOpen: With conditions that cannot be judged, a request is none of the webhook's or policy's.
    func areMet(_ variables: [String: CELValue], failsOpen: Bool) throws(Undecided) -> Bool {
        var problems: [String] = []
        var budget = CELBudget(remaining: Self.budget)
        for condition in conditions {
            do throws(PolicyExpression.Failure) {
                if case .bool(false) = try condition.expression.value(variables, &budget) { return false }
            } catch {
                problems.append(error.text)
                if case .budget = error { break }
            }
        }
        if problems.isEmpty { return true }
        if failsOpen { return false }
        var unique: [String] = []
        for problem in problems where !unique.contains(problem) { unique.append(problem) }
        throw Undecided(text: unique.count == 1 ? unique[0] : "[\(unique.joined(separator: ", "))]")
    }
}

/// What a request gives expressions to look at.
struct PolicyInputs: Sendable {
    let objects: ObjectReader

    /// - Parameter hasNamespace: Conditions of webhooks are not shown the namespace.
    /// - Throws: When an object cannot be brought into the version of the rule, or the namespace is not there.
    func variables(
        _ matched: MatchedResource, _ attributes: AdmissionAttributes, hasNamespace: Bool = true
    ) async throws(Status) -> [String: CELValue] {
        let view = WebhookView(matched, attributes, objects, isMutating: false)
        func shown(_ object: JSONObject?) async throws(Status) -> CELValue {
            guard let object else { return .null }
            return CELValue(.object(try await view.shown(object)))
        }
        let authorizer = AuthorizerValue(authorizer: objects.server.configuration.authorizer, user: attributes.user)
        let resource = ResourceCheck(
            authorizer: authorizer, group: attributes.group, resource: attributes.plural, subresource: attributes.subresource,
            namespace: attributes.namespace, name: attributes.isNameGenerated ? "" : attributes.name)
        return [
            "object": try await shown(attributes.object), "oldObject": try await shown(attributes.old),
            "request": CELValue(.object(Self.request(matched, attributes))),
            "namespaceObject": hasNamespace ? try await namespace(of: attributes) : .null,
            "authorizer": .opaque(authorizer), "authorizer.requestResource": .opaque(resource), "params": .null,
        ]
    }

    private static func request(_ matched: MatchedResource, _ attributes: AdmissionAttributes) -> JSONObject {
        let review = AdmissionReviewRequest(version: "v1", uid: "", matched: matched).json(attributes)
        let members = review["request"]?.objectValue?.members ?? []
        return JSONObject(members: members.filter { !["uid", "object", "oldObject"].contains($0.key) })
    }

    /// The namespace that the object is in; of a namespace itself none.
    private func namespace(of attributes: AdmissionAttributes) async throws(Status) -> CELValue {
        guard !attributes.namespace.isEmpty, !attributes.isFor("namespaces", subresource: attributes.subresource) else { return .null }
        guard let namespace = try await objects.get("namespaces", name: attributes.namespace) else {
            throw .notFound(resource: "namespaces", group: "", name: attributes.namespace)
        }
        return CELValue(.object(namespace))
    }
}

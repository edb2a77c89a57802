internal import APIMachinery
internal import CEL

/// `authorizer` in expressions: asks who may do what, as Kubernetes' CEL library of that name does.
enum AuthorizerLibrary {
    static let authorizer = CELType.opaque("kubernetes.authorization.Authorizer")
    static let pathCheck = CELType.opaque("kubernetes.authorization.PathCheck")
    static let groupCheck = CELType.opaque("kubernetes.authorization.GroupCheck")
    static let resourceCheck = CELType.opaque("kubernetes.authorization.ResourceCheck")
    static let decision = CELType.opaque("kubernetes.authorization.Decision")

    /// What asking costs, as upstream counts it: it may mean a question to another server there.
    private static let checkCost = 350_000

    static func declare(in environment: inout CELEnvironment, hasVariables: Bool) {
        if hasVariables {
            environment.declare("authorizer", authorizer)
            environment.declare("authorizer.requestResource", resourceCheck)
        }
        let members: [(String, CELType, [CELType], CELType)] = [
            ("path", authorizer, [.string], pathCheck), ("group", authorizer, [.string], groupCheck),
            ("serviceAccount", authorizer, [.string, .string], authorizer), ("resource", groupCheck, [.string], resourceCheck),
            ("subresource", resourceCheck, [.string], resourceCheck), ("namespace", resourceCheck, [.string], resourceCheck),
            ("name", resourceCheck, [.string], resourceCheck), ("check", pathCheck, [.string], decision),
            ("check", resourceCheck, [.string], decision), ("allowed", decision, [], .bool), ("reason", decision, [], .string),
            ("errored", decision, [], .bool), ("error", decision, [], .string),
        ]
        for (name, receiver, parameters, result) in members {
            environment.declare(
                function: name,
                Overload(isMember: true, [receiver] + parameters, result) { arguments, meter in
                    guard case .opaque(let value)? = arguments.first else { throw CELEvaluationError.noSuchOverload }
                    if name == "check" { try meter.charge(checkCost) }
                    return try value.call(name, Array(arguments.dropFirst()))
                })
        }
    }
}

/// Somebody about whom the authorizer is asked.
struct AuthorizerValue: CELOpaque {
    let authorizer: any Authorizer
    let user: UserInfo

    var celTypeName: String { "kubernetes.authorization.Authorizer" }
    func isEqual(to other: any CELOpaque) -> Bool { (other as? AuthorizerValue)?.user == user }

    func call(_ name: String, _ arguments: [CELValue]) throws(CELEvaluationError) -> CELValue {
        let texts = arguments.texts
        switch (name, texts.count) {
        case ("path", 1):
            return .opaque(PathCheck(authorizer: self, path: texts[0]))
        case ("group", 1): return .opaque(ResourceCheck(authorizer: self, group: texts[0]))
        case ("serviceAccount", 2): return .opaque(try serviceAccount(texts[0], texts[1]))
        default: throw .noSuchOverload
        }
    }

    private func serviceAccount(_ namespace: String, _ name: String) throws(CELEvaluationError) -> AuthorizerValue {
        if let problem = NameValidation.dns1123Subdomain(name).first {
            throw CELEvaluationError("Invalid service account name: \(problem)")
        }
        if let problem = NameValidation.dns1123Label(namespace).first {
            throw CELEvaluationError("Invalid service account namespace: \(problem)")
        }
        let account = UserInfo(
            name: "system:serviceaccount:\(namespace):\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
        return AuthorizerValue(authorizer: authorizer, user: account)
    }

    fileprivate func decide(_ attributes: RequestAttributes) -> CELValue {
        .opaque(DecisionValue(decision: authorizer.authorize(attributes)))
    }
}

private struct PathCheck: CELOpaque {
    let authorizer: AuthorizerValue
    let path: String

    var celTypeName: String { "kubernetes.authorization.PathCheck" }
    func isEqual(to other: any CELOpaque) -> Bool { (other as? PathCheck)?.path == path }

    func call(_ name: String, _ arguments: [CELValue]) throws(CELEvaluationError) -> CELValue {
        guard name == "check", let verb = arguments.texts.first else { throw .noSuchOverload }
        return authorizer.decide(RequestAttributes(user: authorizer.user, verb: verb, path: path))
    }
}

/// A group, and with `resource` a resource of it.
struct ResourceCheck: CELOpaque {
    let authorizer: AuthorizerValue
    let group: String
    var resource: String?
    var subresource = ""
    var namespace = ""
    var name = ""

    var celTypeName: String {
        resource == nil ? "kubernetes.authorization.GroupCheck" : "kubernetes.authorization.ResourceCheck"
    }

    func isEqual(to other: any CELOpaque) -> Bool {
        guard let other = other as? ResourceCheck else { return false }
        return (group, resource, subresource, namespace, name)
            == (other.group, other.resource, other.subresource, other.namespace, other.name)
    }

    func call(_ function: String, _ arguments: [CELValue]) throws(CELEvaluationError) -> CELValue {
        guard let text = arguments.texts.first else { throw .noSuchOverload }
        var changed = self
        switch function {
        case "resource": changed.resource = text
        case "subresource": changed.subresource = text
        case "namespace": changed.namespace = text
        case "name": changed.name = text
        case "check":
            return authorizer.decide(
                RequestAttributes(
                    user: authorizer.user, verb: text,
                    resource: .init(
                        group: group, version: "*", resource: resource ?? "", subresource: subresource, namespace: namespace, name: name)))
        default: throw .noSuchOverload
        }
        return .opaque(changed)
    }
}

private struct DecisionValue: CELOpaque {
    let decision: AuthorizationDecision

    var celTypeName: String { "kubernetes.authorization.Decision" }
    func isEqual(to other: any CELOpaque) -> Bool { (other as? DecisionValue)?.decision == decision }

    func call(_ name: String, _ arguments: [CELValue]) throws(CELEvaluationError) -> CELValue {
        switch name {
        case "allowed": .bool(decision.isAllowed)
        case "reason": .string(decision.reason)
        // Authorizers of this server answer from memory: none fails.
        case "errored": false
        case "error": ""
        default: throw .noSuchOverload
        }
    }
}

extension [CELValue] {
    fileprivate var texts: [String] {
        compactMap { value in
            if case .string(let text) = value { text } else { nil }
        }
    }
}

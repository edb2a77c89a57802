internal import APIMachinery
internal import CEL

/// A ValidatingAdmissionPolicy, read and compiled once.
struct ValidatingPolicy: Sendable {
    struct Validation: Sendable {
        var expression: PolicyExpression
        var message: String
        var messageExpression: PolicyExpression?
        /// Empty when none is given.
        var reason: String
    }
    struct AuditAnnotation: Sendable {
        var key: String
        var expression: PolicyExpression
    }

    let name: String
    let criteria: MatchCriteria
    /// failurePolicy: what cannot be judged is let through.
    let failsOpen: Bool
    let paramKind: GroupVersionKind?
    let conditions: MatchConditions
    let variables: [PolicyVariables.Definition]
    let validations: [Validation]
    let auditAnnotations: [AuditAnnotation]

    /// - Parameter objectType: Of the objects that are written; unknown but for a check of types.
    init(_ object: JSONObject, objectType: CELType = .dynamic) {
        let spec = object["spec"] ?? .null
        name = object.name
        criteria = MatchCriteria(spec["matchConstraints"] ?? .null, rules: "resourceRules")
        failsOpen = spec["failurePolicy"]?.stringValue == "Ignore"
        paramKind = spec["paramKind"].flatMap { kind in
            kind.isNull ? nil : GroupVersionKind(apiVersion: kind["apiVersion"]?.stringValue ?? "", kind: kind["kind"]?.stringValue ?? "")
        }
        let hasParams = paramKind != nil
        conditions = MatchConditions(spec["matchConditions"], PolicyTypes.environment(hasParams: hasParams))
        let environments = PolicyEnvironments(variables: spec["variables"], hasParams: hasParams, objectType)
        variables = environments.variables
        validations = (spec["validations"]?.arrayValue ?? []).map { Validation($0, environments) }
        auditAnnotations = (spec["auditAnnotations"]?.arrayValue ?? []).map { annotation in
            AuditAnnotation(
                key: annotation["key"]?.stringValue ?? "",
                expression: PolicyExpression(
                    annotation["valueExpression"]?.stringValue ?? "", environments.rules, expecting: PolicyEnvironments.annotationTypes))
        }
    }
}

extension ValidatingPolicy.Validation {
    fileprivate init(_ json: JSONValue, _ environments: PolicyEnvironments) {
        expression = PolicyExpression(json["expression"]?.stringValue ?? "", environments.rules, expecting: [.bool])
        message = (json["message"]?.stringValue ?? "").trimmed
        let text = json["messageExpression"]?.stringValue ?? ""
        messageExpression = text.isEmpty ? nil : PolicyExpression(text, environments.messages, expecting: [.string])
        reason = json["reason"]?.stringValue ?? ""
    }
}

/// What the expressions of a policy may name besides the request: its variables, each of which may use those before it.
struct PolicyEnvironments {
    static let annotationTypes: [CELType] = [.string, .null]

    private(set) var rules: CELEnvironment
    private(set) var messages: CELEnvironment
    private(set) var variables: [PolicyVariables.Definition] = []

    init(variables json: JSONValue?, hasParams: Bool, _ objectType: CELType) {
        rules = PolicyTypes.environment(hasParams: hasParams, objectType: objectType)
        messages = PolicyTypes.environment(hasParams: hasParams, hasAuthorizer: false, objectType: objectType)
        var fields: [String: CELType] = [:]
        if json?.arrayValue?.isEmpty == false { declare(fields) }
        for variable in json?.arrayValue ?? [] {
            let name = variable["name"]?.stringValue ?? ""
            let expression = PolicyExpression(variable["expression"]?.stringValue ?? "", rules)
            variables.append(.init(name: name, expression: expression))
            if case .success(let program) = expression.program { fields[name] = program.resultType } else { fields[name] = .dynamic }
            declare(fields)
        }
    }

    private mutating func declare(_ fields: [String: CELType]) {
        let type = CELType.object(CELObjectType(name: "kubernetes.variables", fields: fields))
        rules.declare("variables", type)
        messages.declare("variables", type)
    }
}

/// A ValidatingAdmissionPolicyBinding: where a policy holds, with which parameters, and what follows from a violation.
struct PolicyBinding: Sendable {
    struct ParamRef: Sendable {
        var name: String
        var namespace: String
        /// nil where the name says which.
        var selector: Selector?
        var deniesWithout: Bool
    }

    let name: String
    let policyName: String
    /// nil: wherever the policy holds.
    let criteria: MatchCriteria?
    let paramRef: ParamRef?
    /// `Deny`, `Warn`, `Audit`.
    let actions: [String]

    init(_ object: JSONObject) {
        let spec = object["spec"] ?? .null
        name = object.name
        policyName = spec["policyName"]?.stringValue ?? ""
        criteria = spec["matchResources"].flatMap { $0.isNull ? nil : MatchCriteria($0, rules: "resourceRules") }
        actions = (spec["validationActions"]?.arrayValue ?? []).compactMap(\.stringValue)
        paramRef = spec["paramRef"].flatMap { reference in
            guard !reference.isNull else { return nil }
            let selector = reference["selector"].flatMap { $0.isNull ? nil : Selector.ofValidated($0) }
            return ParamRef(
                name: reference["name"]?.stringValue ?? "", namespace: reference["namespace"]?.stringValue ?? "", selector: selector,
                deniesWithout: reference["parameterNotFoundAction"]?.stringValue == "Deny")
        }
    }
}

extension String {
    /// Without blanks at either end.
    var trimmed: String {
        let start = unicodeScalars.drop { $0.properties.isWhitespace }
        let end = start.reversed().drop { $0.properties.isWhitespace }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: end.reversed())
        return String(text)
    }
}

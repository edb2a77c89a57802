internal import APIMachinery
internal import CEL

/// Refuses configurations of admission whose expressions are none. What was stored before may stay.
struct ExpressionRules: AdmissionPlugin {
    init() {}

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.group == "admissionregistration.k8s.io", attributes.subresource.isEmpty, let object = attributes.object else {
            return
        }
        var expressions: [Expression]
        switch attributes.plural {
        case "mutatingwebhookconfigurations", "validatingwebhookconfigurations": expressions = Self.ofWebhooks(object)
        case "validatingadmissionpolicies": expressions = Self.ofPolicy(object)
        default: return
        }
        if let old = attributes.old {
            let known = Set((attributes.plural.hasSuffix("policies") ? Self.ofPolicy(old) : Self.ofWebhooks(old)).map(\.expression.source))
            // A policy's variables may mean something else than before.
            if attributes.plural.hasSuffix("configurations") { expressions.removeAll { known.contains($0.expression.source) } }
        }
        let errors = expressions.compactMap { expression -> FieldError? in
            guard case .failure(let error) = expression.expression.program else { return nil }
            return .invalid(expression.path, .string(expression.expression.source), error.description)
        }
        guard errors.isEmpty else { throw attributes.resource.invalid(attributes.name, errors) }
    }

    private struct Expression {
        var path: FieldPath
        var expression: PolicyExpression
    }

    private static func ofWebhooks(_ object: JSONObject) -> [Expression] {
        (object["webhooks"]?.arrayValue ?? []).enumerated().flatMap { index, webhook in
            conditions(
                MatchConditions(webhook["matchConditions"], PolicyTypes.environment(hasParams: false)),
                at: FieldPath("webhooks").index(index))
        }
    }

    private static func conditions(_ conditions: MatchConditions, at path: FieldPath) -> [Expression] {
        conditions.conditions.enumerated().map {
            Expression(path: path.child("matchConditions").index($0).child("expression"), expression: $1.expression)
        }
    }

    private static func ofPolicy(_ object: JSONObject) -> [Expression] {
        let (policy, spec) = (ValidatingPolicy(object), FieldPath("spec"))
        var all = conditions(policy.conditions, at: spec)
        for (index, variable) in policy.variables.enumerated() {
            all.append(Expression(path: spec.child("variables").index(index).child("expression"), expression: variable.expression))
        }
        for (index, validation) in policy.validations.enumerated() {
            let path = spec.child("validations").index(index)
            all.append(Expression(path: path.child("expression"), expression: validation.expression))
            if let message = validation.messageExpression {
                all.append(Expression(path: path.child("messageExpression"), expression: message))
            }
        }
        for (index, annotation) in policy.auditAnnotations.enumerated() {
            all.append(
                Expression(path: spec.child("auditAnnotations").index(index).child("valueExpression"), expression: annotation.expression))
        }
        return all
    }
}

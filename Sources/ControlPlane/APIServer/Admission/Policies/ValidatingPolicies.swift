internal import APIMachinery
internal import CEL

/// ValidatingAdmissionPolicy: expressions that every write they concern has to satisfy, after upstream's policy/validating/dispatcher.
struct ValidatingPolicies: AdmissionPlugin {
    private let source = PolicySource()

    init() {}

    /// One reason to refuse, and whose it is.
    private struct Denial {
        var policy: String
        /// nil when the policy itself cannot be applied.
        var binding: String?
        var message: String
        var reason = ""
    }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard !attributes.isInternalStep, !attributes.isExemptFromPolicies else { return }
        let policies = try await source.policies(objects)
        guard !policies.isEmpty else { return }
        var denials: [Denial] = []
        var failures: [JSONValue] = []
        for bound in policies { try await apply(bound, &attributes, objects, &denials, &failures) }
        if !failures.isEmpty {
            attributes.auditAnnotations["validation.policy.admission.k8s.io/validation_failure"] = JSONValue.array(failures)
                .serializedText()
        }
        if let first = denials.first { throw Self.refusal(first, attributes) }
    }

    private func apply(
        _ bound: PolicySource.Bound, _ attributes: inout AdmissionAttributes, _ objects: ObjectReader, _ denials: inout [Denial],
        _ failures: inout [JSONValue]
    ) async throws(Status) {
        let policy = bound.policy
        func cannotApply(_ why: String, _ binding: PolicyBinding?) {
            guard !policy.failsOpen else { return }
            let what = binding == nil ? "policy" : "binding"
            denials.append(Denial(policy: policy.name, binding: binding?.name, message: "failed to configure \(what): \(why)"))
        }
        let matcher = WebhookMatcher(objects: objects)
        let matched: MatchedResource
        do throws(Status) {
            guard let found = try await matcher.resource(matching: policy.criteria, attributes) else { return }
            matched = found
        } catch {
            return cannotApply(error.message, nil)
        }
        if let kind = policy.paramKind, objects.server.registry.resource(kind: kind) == nil {
            return cannotApply("failed to find resource referenced by paramKind: '\(kind.goText)'", nil)
        }
        var inputs: [String: CELValue]?
        for binding in bound.bindings {
            let parameters: [CELValue]
            do throws(Status) {
                if let criteria = binding.criteria, try await matcher.resource(matching: criteria, attributes) == nil { continue }
            } catch {
                cannotApply(error.message, binding)
                continue
            }
            do throws(PolicyParameters.Problem) {
                parameters = try await PolicyParameters(objects: objects).values(policy, binding, namespace: attributes.namespace)
            } catch {
                cannotApply(error.text, binding)
                continue
            }
            let known: [String: CELValue]
            if let inputs { known = inputs } else { known = try await PolicyInputs(objects: objects).variables(matched, attributes) }
            inputs = known
            for parameter in parameters {
                var own = known
                own["params"] = parameter
                Self.enforce(PolicyEvaluation(policy, own), policy, binding, &attributes, &denials, &failures)
            }
        }
    }

    /// Does with the outcome what the binding says.
    private static func enforce(
        _ outcome: PolicyEvaluation, _ policy: ValidatingPolicy, _ binding: PolicyBinding, _ attributes: inout AdmissionAttributes,
        _ denials: inout [Denial], _ failures: inout [JSONValue]
    ) {
        for decision in outcome.denials {
            for action in binding.actions {
                switch action {
                case "Deny":
                    denials.append(
                        Denial(policy: policy.name, binding: binding.name, message: decision.message, reason: decision.reason))
                case "Warn":
                    attributes.warnings.append(
                        "Validation failed for ValidatingAdmissionPolicy '\(policy.name)' with binding '\(binding.name)': "
                            + decision.message)
                case "Audit": failures.append(failure(decision, policy, binding))
                default: break
                }
            }
        }
        for annotation in outcome.auditAnnotations {
            let key = "\(policy.name)/\(annotation.key)"
            let before = attributes.auditAnnotations[key].map { $0.split(separator: ", ").map(String.init) } ?? []
            if !before.contains(annotation.value) {
                attributes.auditAnnotations[key] = (before + [annotation.value]).joined(separator: ", ")
            }
        }
        for problem in outcome.annotationProblems {
            denials.append(Denial(policy: policy.name, binding: binding.name, message: problem))
        }
    }

    /// As it stands in the audit log.
    private static func failure(_ decision: PolicyDecision, _ policy: ValidatingPolicy, _ binding: PolicyBinding) -> JSONValue {
        [
            "message": .string(decision.message), "policy": .string(policy.name), "binding": .string(binding.name),
            "expressionIndex": .integer(Int64(decision.index)), "validationActions": .array(binding.actions.map { .string($0) }),
        ]
    }

    private static func refusal(_ denial: Denial, _ attributes: AdmissionAttributes) -> Status {
        let whose = "ValidatingAdmissionPolicy '\(denial.policy)'" + (denial.binding.map { " with binding '\($0)'" } ?? "")
        let message = "\(whose) denied request: \(denial.message)"
        var status = attributes.forbidden(message)
        let codes: [String: Int32] = ["Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413]
        status.reason = StatusReason(rawValue: denial.reason.isEmpty ? "Invalid" : denial.reason)
        status.code = codes[denial.reason] ?? 422
        status.details?.causes.append(Status.Cause(reason: "", message: message, field: ""))
        return status
    }
}

extension AdmissionAttributes {
    /// A policy that refuses too much must be mendable; and reviews are questions, not writes.
    var isExemptFromPolicies: Bool {
        if isExemptFromWebhooks { return true }
        return ["authentication.k8s.io", "authorization.k8s.io"].contains(group)
    }
}

internal import APIMachinery
internal import CEL

/// What one expression of a policy came to.
struct PolicyDecision: Hashable, Sendable {
    /// The place among the policy's validations; -1 for what is none of theirs.
    var index: Int
    var message: String
    /// Empty: `Invalid`.
    var reason = ""
}

/// A policy held against one request with one parameter (upstream's validator.Validate). Pure.
struct PolicyEvaluation: Sendable {
    /// Each is a reason to refuse the request.
    private(set) var denials: [PolicyDecision] = []
    private(set) var auditAnnotations: [(key: String, value: String)] = []
    /// Annotations that could not be found out, which refuse the request whatever the binding says.
    private(set) var annotationProblems: [String] = []

    private static let messageBytesMax = 5 * 1024
    private static let annotationBytesMax = 10 * 1024

    init(_ policy: ValidatingPolicy, _ inputs: [String: CELValue]) {
        do throws(MatchConditions.Undecided) {
            guard try policy.conditions.areMet(inputs, failsOpen: policy.failsOpen) else { return }
        } catch {
            denials = [PolicyDecision(index: 0, message: error.text)]
            return
        }
        var inputs = inputs
        inputs["variables"] = .fields(PolicyVariables(policy.variables, inputs))
        var budget = CELBudget()
        judge(policy, inputs, &budget)
        annotate(policy, inputs, &budget)
    }

    private mutating func judge(_ policy: ValidatingPolicy, _ inputs: [String: CELValue], _ budget: inout CELBudget) {
        for (index, validation) in policy.validations.enumerated() {
            do throws(PolicyExpression.Failure) {
                if case .bool(true) = try validation.expression.value(inputs, &budget) { continue }
                let message = try Self.message(of: validation, inputs, &budget)
                denials.append(PolicyDecision(index: index, message: message, reason: validation.reason))
            } catch {
                if case .budget(let text) = error {
                    // Upstream tells nothing else of a policy that costs too much.
                    denials = policy.failsOpen ? [] : [PolicyDecision(index: 0, message: text)]
                    return
                }
                if !policy.failsOpen { denials.append(PolicyDecision(index: index, message: error.text)) }
            }
        }
    }

    /// What the client is told: by expression, if that gives something fit to be told, else as it is written down.
    private static func message(
        of validation: ValidatingPolicy.Validation, _ inputs: [String: CELValue], _ budget: inout CELBudget
    ) throws(PolicyExpression.Failure) -> String {
        if let expression = validation.messageExpression {
            do throws(PolicyExpression.Failure) {
                if case .string(let text) = try expression.value(inputs, &budget) {
                    let message = text.trimmed
                    let isFit = message.utf8.count <= messageBytesMax && !message.utf8.contains(UInt8(ascii: "\n"))
                    if isFit, !message.isEmpty { return message }
                }
            } catch {
                if case .budget(let text) = error { throw .ofItself("failed messageExpression: \(text)") }
            }
        }
        return validation.message.isEmpty ? "failed expression: \(validation.expression.source.trimmed)" : validation.message
    }

    private mutating func annotate(_ policy: ValidatingPolicy, _ inputs: [String: CELValue], _ budget: inout CELBudget) {
        for annotation in policy.auditAnnotations {
            do throws(PolicyExpression.Failure) {
                guard case .string(let text) = try annotation.expression.value(inputs, &budget) else { continue }
                let value = text.trimmed
                if value.isEmpty { continue }
                auditAnnotations.append((annotation.key, String(decoding: value.utf8.prefix(Self.annotationBytesMax), as: UTF8.self)))
            } catch {
                if !policy.failsOpen { annotationProblems.append(error.text) }
            }
        }
    }
}

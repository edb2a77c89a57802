internal import APIMachinery
internal import CEL

/// Checks the rules of one node of a custom resource's schema.
struct SchemaRuleValidation {
    private let node: JSONField
    private let isRoot: Bool
    private let uncorrelatable: FieldPath?

    init(_ node: JSONField, isRoot: Bool, uncorrelatable: FieldPath?) {
        self.node = node
        self.isRoot = isRoot
        self.uncorrelatable = uncorrelatable
    }

    private static let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

    /// - Parameter compiles: Nothing else is wrong with the schema from this node on, so that expressions can be typed by it.
    func report(to validator: inout Validator, compiles: Bool) {
        let rules = node["x-kubernetes-validations"].items
        guard !rules.isEmpty else { return }
        let problems = validator.errors.count
        for rule in rules { form(rule, &validator) }
        guard compiles, validator.errors.count == problems,
            let schema = CELSchema(structural: node.value ?? .null, isResourceRoot: isRoot || node["x-kubernetes-embedded-resource"].isTrue)
        else { return }
        for rule in rules { expressions(rule, schema, &validator) }
    }

    private func form(_ rule: JSONField, _ validator: inout Validator) {
        let (text, message) = (rule["rule"].string.trimmed, rule["message"].string.trimmed)
        if text.isEmpty { validator.report(.required(rule["rule"].path, "rule is not specified")) }
        if rule["message"].isSet, !rule["message"].isEmptyText, message.isEmpty {
            validator.invalid(rule["message"], "message must be non-empty if specified")
        } else if message.hasLineBreak {
            validator.invalid(rule["message"], "message must not contain line breaks")
        } else if text.hasLineBreak, message.isEmpty {
            validator.report(.required(rule["message"].path, "message must be specified if rule contains line breaks"))
        }
        if !rule["messageExpression"].isEmptyText, rule["messageExpression"].string.trimmed.isEmpty {
            validator.report(.required(rule["messageExpression"].path, "messageExpression must be non-empty if specified"))
        }
        validator.oneOf(rule["reason"], Self.reasons)
        let path = rule["fieldPath"]
        guard !path.isEmptyText else { return }
        if path.string.trimmed.isEmpty {
            validator.invalid(path, "fieldPath must be non-empty if specified")
        } else if path.string.hasLineBreak {
            validator.invalid(path, "fieldPath must not contain line breaks")
        }
        if SchemaRule.path(path.string, in: node.value ?? .null) == nil { validator.invalid(path, "must be a valid path") }
    }

    private func expressions(_ rule: JSONField, _ schema: CELSchema, _ validator: inout Validator) {
        let parsed = SchemaRule(rule.value ?? .null)
        let shown = GoValue.of(rule.value, type: "apiextensions/v1.ValidationRule")
        do throws(SchemaRule.Problem) {
            let program = try parsed.program(on: schema)
            if program.variableNames.contains("oldSelf") {
                if let uncorrelatable {
                    validator.report(
                        .invalid(
                            rule["rule"].path, .string(parsed.rule),
                            "oldSelf cannot be used on the uncorrelatable portion of the schema within \(uncorrelatable)"))
                }
            } else if let isOptional = parsed.optionalOldSelf {
                validator.report(
                    .invalid(rule["optionalOldSelf"].path, .bool(isOptional), "may not be set if oldSelf is not used in rule"))
            }
        } catch {
            validator.report(.invalid(rule["rule"].path, shown, error.detail))
        }
        do throws(SchemaRule.Problem) {
            _ = try parsed.messageProgram(on: schema)
        } catch {
            validator.report(.invalid(rule["messageExpression"].path, shown, error.detail))
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        let kept = drop { $0.isWhitespace }
        return String(kept.prefix(kept.count - kept.reversed().prefix { $0.isWhitespace }.count))
    }

    fileprivate var hasLineBreak: Bool { unicodeScalars.contains { $0 == "\n" || $0 == "\r" } }
}

internal import APIMachinery
internal import CEL
internal import KubernetesAPI

/// The rules in CEL of a schema, ready to be evaluated. Nodes without rules on or below them are left out.
final class RuleNode: Sendable {
    let schema: StructuralSchema
    /// How this node's values look to expressions; nil where the node has no rules.
    let shape: CELSchema?
    let rules: [CompiledRule]
    let properties: [(name: String, node: RuleNode)]
    let additional: RuleNode?
    let items: RuleNode?

    /// - Returns: nil for a schema without rules.
    init?(_ schema: StructuralSchema, isRoot: Bool = true) {
        self.schema = schema
        let shape =
            schema.json["x-kubernetes-validations"] == nil
            ? nil : CELSchema(structural: schema.json, isResourceRoot: isRoot || schema.isEmbedded)
        self.shape = shape
        rules = (schema.json["x-kubernetes-validations"]?.arrayValue ?? []).map { CompiledRule($0, schema.json, shape) }
        properties = schema.properties.compactMap { property in
            RuleNode(property.schema, isRoot: false).map { (property.name, $0) }
        }
        additional = schema.additional.flatMap { RuleNode($0, isRoot: false) }
        items = schema.items.flatMap { RuleNode($0, isRoot: false) }
        if rules.isEmpty, properties.isEmpty, additional == nil, items == nil { return nil }
    }
}

/// One rule with its programs.
struct CompiledRule: Sendable {
    let rule: SchemaRule
    let program: Result<CELProgram, SchemaRule.Problem>
    /// nil where the rule has none, or none that is right.
    let messageProgram: CELProgram?
    let usesOldSelf: Bool
    /// From the node to the field that the rule is about.
    let fieldPath: FieldPath

    init(_ json: JSONValue, _ schema: JSONValue, _ shape: CELSchema?) {
        let rule = SchemaRule(json)
        self.rule = rule
        if let shape {
            program = Result { () throws(SchemaRule.Problem) in try rule.program(on: shape) }
            messageProgram = (try? rule.messageProgram(on: shape)) ?? nil
        } else {
            program = .failure(SchemaRule.Problem(detail: "the schema has no type for expressions"))
            messageProgram = nil
        }
        usesOldSelf = (try? program.get())?.variableNames.contains("oldSelf") ?? false
        fieldPath = SchemaRule.path(rule.fieldPath, in: schema) ?? .root
    }

    /// The rule in messages: what its author says about it, or its own text.
    private var shown: String { (rule.message.isEmpty ? rule.rule : rule.message).trimmingBlanks }
    var message: String { rule.message.isEmpty ? "failed rule: \(shown)" : shown }
    func failure(_ problem: String) -> String { "\(problem) evaluating rule: \(shown)" }
    func overloadFailure(_ problem: String) -> String {
        "'\(problem)': call arguments did not match a supported operator, function or macro signature for rule: \(shown)"
    }
    func limitFailure(_ problem: String) -> String {
        "'\(problem)': no further validation rules will be run due to call cost exceeds limit for rule: \(shown)"
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let kept = drop { $0.isWhitespace }
        return String(kept.prefix(kept.count - kept.reversed().prefix { $0.isWhitespace }.count))
    }
}

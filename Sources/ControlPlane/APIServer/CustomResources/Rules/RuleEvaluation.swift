internal import APIMachinery
internal import CEL
internal import KubernetesAPI

/// Evaluates the rules of a schema on an object: KEP-2876, KEP-4008.
///
/// A value that an update leaves as it was is not refused by rules that look at it alone; what they find is a warning.
struct RuleEvaluation {
    private(set) var errors: [FieldError] = []
    /// Of values that were so before.
    private(set) var warnings: [FieldError] = []
    private var budget = CELBudget()
    private var isOver = false

    init() {}

    /// - Parameter old: The value at the same place before the update; nil where there was none, or none that can be found again.
    mutating func check(_ value: JSONValue, old: JSONValue?, _ node: RuleNode, at path: FieldPath) {
        guard !isOver, !value.isNull else { return }
        if let shape = node.shape {
            let (own, before) = (CELValue(value, schema: shape), old.map { CELValue($0, schema: shape) })
            for rule in node.rules where !isOver { check(rule, own, before, value, isUnchanged: value == old, at: path) }
        }
        switch value {
        case .object(let object): check(object, old: old?.objectValue, node, at: path)
        case .array(let elements): check(elements, old: old?.arrayValue, node, at: path)
        default: break
        }
    }

    private mutating func check(_ object: JSONObject, old: JSONObject?, _ node: RuleNode, at path: FieldPath) {
        for (name, inner) in node.properties {
            if let value = object[name] { check(value, old: old?[name], inner, at: path.child(name)) }
        }
        guard let additional = node.additional else { return }
        for member in object.members where node.schema.property(member.key) == nil {
            check(member.value, old: old?[member.key], additional, at: path.key(member.key))
        }
    }

    private mutating func check(_ elements: [JSONValue], old: [JSONValue]?, _ node: RuleNode, at path: FieldPath) {
        guard let items = node.items else { return }
        let correlation = ListCorrelation(old ?? [], node.schema.json)
        for (index, element) in elements.enumerated() {
            check(element, old: correlation.element(like: element), items, at: path.index(index))
        }
    }

    // MARK: One rule

    private mutating func check(
        _ rule: CompiledRule, _ own: CELValue, _ before: CELValue?, _ value: JSONValue, isUnchanged: Bool, at path: FieldPath
    ) {
        let isOptional = rule.rule.optionalOldSelf == true
        if rule.usesOldSelf, before == nil, !isOptional { return }
        var variables = ["self": own]
        if rule.usesOldSelf { variables["oldSelf"] = isOptional ? .optional(before) : before }
        let isRatcheted = isUnchanged && !rule.usesOldSelf
        do throws(SchemaRule.Problem) {
            let program = try rule.program.get()
            do throws(CELEvaluationError) {
                if case .bool(true) = try program.evaluate(variables, budget: &budget) { return }
                let detail = message(rule, variables)
                report(Self.error(rule, path.appending(rule.fieldPath), Self.scalar(value), detail), isRatcheted)
            } catch {
                report(error, rule, value, isRatcheted, at: path)
            }
        } catch {
            report(.invalid(path, .string(value.typeName), "rule compile error: \(error.detail)"), isRatcheted)
        }
    }

    private mutating func report(_ error: FieldError, _ isRatcheted: Bool = false) {
        var error = error
        // What the whole object is called upstream.
        if error.path.elements.isEmpty { error.path = FieldPath([.field("<nil>")]) }
        if isRatcheted { warnings.append(error) } else { errors.append(error) }
    }

    private mutating func report(
        _ error: CELEvaluationError, _ rule: CompiledRule, _ value: JSONValue, _ isRatcheted: Bool, at path: FieldPath
    ) {
        let type = JSONValue.string(value.typeName)
        switch error.kind {
        case .value:
            let detail =
                error.description.hasPrefix("no such overload")
                ? rule.overloadFailure(error.description) : rule.failure(error.description)
            report(Self.error(rule, path, type, detail), isRatcheted)
        case .expressionLimit:
            isOver = true
            report(.invalid(path, type, rule.limitFailure(error.description)))
        case .budget:
            isOver = true
            report(.invalid(path, type, error.description))
        }
    }

    /// Objects and lists are not shown: they may be long.
    private static func scalar(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .object, .array: nil
        default: value
        }
    }

    private static func error(_ rule: CompiledRule, _ path: FieldPath, _ value: JSONValue?, _ detail: String) -> FieldError {
        switch rule.rule.reason {
        case "FieldValueForbidden": .forbidden(path, detail)
        case "FieldValueRequired": .required(path, detail)
        case "FieldValueDuplicate": FieldError(path, .duplicate, value: value)
        default: FieldError(path, .invalid, value: value, detail: detail)
        }
    }

    private static let maxMessageLength = 5_120

    /// What the rule's own expression says, where that is one line that is not empty.
    private mutating func message(_ rule: CompiledRule, _ variables: [String: CELValue]) -> String {
        guard let program = rule.messageProgram else { return rule.message }
        var all = variables
        if all["oldSelf"] == nil, program.variableNames.contains("oldSelf") { return rule.message }
        all["self"] = variables["self"]
        guard case .string(let text)? = try? program.evaluate(all, budget: &budget) else { return rule.message }
        let isLine = !text.allSatisfy(\.isWhitespace) && !text.unicodeScalars.contains { $0 == "\n" || $0 == "\r" }
        return isLine && text.utf8.count <= Self.maxMessageLength ? text : rule.message
    }
}

extension FieldPath {
    fileprivate func appending(_ other: FieldPath) -> FieldPath { FieldPath(elements + other.elements) }
}

/// Finds the elements of a list again: by the keys of its schema, else not at all.
struct ListCorrelation {
    private let keys: [String]
    private let elements: [JSONValue: JSONValue]

    /// - Parameter schema: Of the list.
    init(_ old: [JSONValue], _ schema: JSONValue) {
        let isMap = schema["x-kubernetes-list-type"]?.stringValue == "map"
        let keys = isMap ? (schema["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue) : []
        self.keys = keys
        elements = keys.isEmpty ? [:] : Dictionary(old.map { (Self.identity($0, keys), $0) }) { first, _ in first }
    }

    func element(like element: JSONValue) -> JSONValue? { keys.isEmpty ? nil : elements[Self.identity(element, keys)] }

    private static func identity(_ element: JSONValue, _ keys: [String]) -> JSONValue { .array(keys.map { element[$0] ?? .null }) }
}

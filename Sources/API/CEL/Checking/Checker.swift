/// Finds the type of an expression and makes the steps that evaluate it. Follows cel-go `checker/checker.go`.
struct Checker {
    let environment: CELEnvironment
    var types = TypeUnification()
    private(set) var issues: [Issue] = []
    /// Names that macros have bound, the innermost last; a name's place is its slot.
    private var locals: [(name: String, type: CELType)] = []
    private(set) var slotCount = 0
    /// The variables of the environment that the expression names.
    private(set) var names: Set<String> = []

    struct Checked {
        var type: CELType
        var step: any Step
    }

    init(_ environment: CELEnvironment) { self.environment = environment }

    mutating func report(_ message: String, at offset: Int) { issues.append(Issue(offset: offset, message: message)) }

    mutating func check(_ expression: Expression) -> Checked {
        switch expression.kind {
        case .literal(let value): return Checked(type: value.type, step: ConstantStep(value: value))
        case .identifier(let name): return identifier(name, at: expression.offset)
        case .select(let operand, let field, let isOptional):
            return select(expression, operand, field, isOptional: isOptional)
        case .test(let operand, let field): return test(operand, field, at: expression.offset)
        case .call(let name, let target, let arguments): return call(name, target, arguments, at: expression.offset)
        case .list(let elements): return list(elements)
        case .map(let entries): return map(entries)
        case .message(let name, let fields): return message(name, fields, at: expression.offset)
        case .comprehension(let loop): return comprehension(loop)
        case .bind(let name, let value, let body):
            let value = check(value)
            let (slot, body) = bound([(name, value.type)]) { checker in (checker.locals.count - 1, checker.check(body)) }
            return Checked(type: body.type, step: BindStep(slot: slot, value: value.step, body: body.step))
        }
    }

    mutating func failed(_ message: String, at offset: Int) -> Checked {
        report(message, at: offset)
        return Checked(type: .error, step: ConstantStep(value: .null))
    }

    // MARK: Names

    /// Gives names to the next slots while the body is checked.
    mutating func bound<T>(_ names: [(String, CELType)], _ body: (inout Checker) -> T) -> T {
        locals += names.map { (name: $0.0, type: $0.1) }
        slotCount = max(slotCount, locals.count)
        defer { locals.removeLast(names.count) }
        return body(&self)
    }

    var nextSlot: Int { locals.count }

    private mutating func identifier(_ name: String, at offset: Int) -> Checked {
        if let slot = locals.lastIndex(where: { $0.name == name }) {
            return Checked(type: locals[slot].type, step: LocalStep(slot: slot))
        }
        if let found = global(name) { return found }
        return failed("undeclared reference to '\(name)' (in container '')", at: offset)
    }

    private mutating func global(_ name: String) -> Checked? {
        guard let (type, constant) = environment.type(of: name) else { return nil }
        if let constant { return Checked(type: type, step: ConstantStep(value: constant)) }
        names.insert(name)
        return Checked(type: type, step: VariableStep(name: name))
    }

    // MARK: Fields

    private mutating func select(_ whole: Expression, _ operand: Expression, _ field: String, isOptional: Bool) -> Checked {
        if let name = whole.qualifiedName, let found = global(name), !isLocal(name) { return found }
        let operand = check(operand)
        let fieldType = type(ofField: field, operand.type, isOptional: isOptional, at: whole.offset)
        return Checked(type: fieldType, step: SelectStep(operand: operand.step, field: field, isOptional: isOptional))
    }

    /// A qualified name begins with a name that a macro has bound.
    private func isLocal(_ qualified: String) -> Bool {
        let first = qualified.prefix { $0 != "." }
        return locals.contains { $0.name == first }
    }

    private mutating func type(ofField field: String, _ operand: CELType, isOptional: Bool, at offset: Int) -> CELType {
        var type = types.resolved(operand)
        var isWrapped = isOptional
        if case .optional(let inner) = type { (type, isWrapped) = (inner, true) }
        let result: CELType
        switch type {
        case .map(let key, let value):
            if !types.isAssignable(key, to: .string) { return mismatch(key, .string, at: offset) }
            result = value
        case .object(let object):
            guard let field = object.fields[field] else {
                report("undefined field '\(field)'", at: offset)
                return .error
            }
            result = field
        case .dynamic, .variable, .error:
            // What is open is dynamic from here on.
            _ = types.isAssignable(.dynamic, to: type)
            result = .dynamic
        default:
            report("type '\(type)' does not support field selection", at: offset)
            return .error
        }
        return isWrapped ? .optional(result) : result
    }

    private mutating func test(_ operand: Expression, _ field: String, at offset: Int) -> Checked {
        let checked = check(operand)
        _ = type(ofField: field, checked.type, isOptional: false, at: offset)
        return Checked(type: .bool, step: TestStep(operand: checked.step, field: field))
    }

    mutating func mismatch(_ found: CELType, _ expected: CELType, at offset: Int) -> CELType {
        report("expected type '\(types.resolved(expected))' but found '\(types.resolved(found))'", at: offset)
        return .error
    }
}

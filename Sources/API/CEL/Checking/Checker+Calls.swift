/// Calls of functions and operators.
extension Checker {
    mutating func call(_ name: String, _ target: Expression?, _ arguments: [Expression], at offset: Int) -> Checked {
        guard let target else {
            guard let overloads = environment.functions[name] else { return undeclared(name, arguments, at: offset) }
            return resolve(name, overloads, isMember: false, arguments, at: offset)
        }
        // `optional.of(x)` is a function with a long name, not a member of something called optional.
        if let prefix = target.qualifiedName, case let qualified = "\(prefix).\(name)",
            let overloads = environment.functions[qualified]
        {
            return resolve(qualified, overloads, isMember: false, arguments, at: offset)
        }
        guard let overloads = environment.functions[name] else { return undeclared(name, [target] + arguments, at: offset) }
        return resolve(name, overloads, isMember: true, [target] + arguments, at: offset)
    }

    private mutating func undeclared(_ name: String, _ arguments: [Expression], at offset: Int) -> Checked {
        for argument in arguments { _ = check(argument) }
        return failed("undeclared reference to '\(name)' (in container '')", at: offset)
    }

    private mutating func resolve(
        _ name: String, _ overloads: [Overload], isMember: Bool, _ arguments: [Expression], at offset: Int
    ) -> Checked {
        let checked = arguments.map { check($0) }
        let given = checked.map(\.type)
        var result: CELType?
        var candidates: [Overload] = []
        for overload in overloads where overload.isMember == isMember {
            let instance = types.instantiate([overload.result] + overload.parameters)
            guard types.areAssignable(given, to: Array(instance.dropFirst())) else { continue }
            candidates.append(overload)
            let type = types.resolved(instance[0])
            if let before = result, before != .dynamic, before != type { result = .dynamic } else { result = result ?? type }
        }
        guard let result else {
            // An error inside an argument has been told already.
            if given.contains(.error) { return Checked(type: .error, step: ConstantStep(value: .null)) }
            return failed(noMatch(name, given, isMember: isMember), at: offset)
        }
        return Checked(type: result, step: step(name, candidates, checked.map(\.step)))
    }

    private func noMatch(_ name: String, _ given: [CELType], isMember: Bool) -> String {
        let shown = given.map { types.resolved($0, closing: true).description }
        let signature =
            isMember
            ? "\(shown[0]).(\(shown.dropFirst().joined(separator: ", ")))" : "(\(shown.joined(separator: ", ")))"
        return "found no matching overload for '\(name)' applied to '\(signature)'"
    }

    private func step(_ name: String, _ candidates: [Overload], _ arguments: [any Step]) -> any Step {
        switch (name, arguments.count) {
        case (Operator.and, 2): LogicStep(left: arguments[0], right: arguments[1], deciding: false, name: name)
        case (Operator.or, 2): LogicStep(left: arguments[0], right: arguments[1], deciding: true, name: name)
        case (Operator.conditional, 3): ConditionStep(condition: arguments[0], yes: arguments[1], no: arguments[2])
        case (Operator.equal, 2): EqualStep(left: arguments[0], right: arguments[1], isNegated: false)
        case (Operator.unequal, 2): EqualStep(left: arguments[0], right: arguments[1], isNegated: true)
        case (Operator.index, 2): IndexStep(operand: arguments[0], key: arguments[1], isOptional: false)
        case (Operator.optionalIndex, 2): IndexStep(operand: arguments[0], key: arguments[1], isOptional: true)
        case ("or", 2), ("orValue", 2): FallbackStep(operand: arguments[0], fallback: arguments[1], unwraps: name == "orValue")
        default: CallStep(name: name, overloads: candidates, arguments: arguments)
        }
    }
}

/// Spells out the macros: calls that are no functions since they name variables.
struct Macros {
    /// - Returns: nil for a call that is no macro.
    func expand(_ name: String, target: Expression?, _ arguments: [Expression], at offset: Int) throws(Issue) -> Expression? {
        guard let target else {
            return name == "has" && arguments.count == 1 ? try has(arguments[0], at: offset) : nil
        }
        switch (name, arguments.count) {
        case ("bind", 3) where target.isIdentifier("cel"):
            let variable = try self.variable(arguments[0], "cel.bind() variable name must be a simple identifier")
            return Expression(.bind(variable, arguments[1], arguments[2]), at: offset)
        case ("optMap", 2), ("optFlatMap", 2): return try optional(name, target, arguments, at: offset)
        case ("sortBy", 2):
            let keys = Expression(.identifier("@target"), at: target.offset)
            let sorted = Expression(
                .call("@sortByAssociatedKeys", target: keys, [try comprehension(Self.making(.map, 1)[0], keys, arguments, at: offset)]),
                at: offset)
            return Expression(.bind("@target", target, sorted), at: offset)
        default: break
        }
        guard let shape = Self.shapes[name]?.first(where: { $0.count == arguments.count }) else { return nil }
        return try comprehension(shape, target, arguments, at: offset)
    }

    private func has(_ argument: Expression, at offset: Int) throws(Issue) -> Expression {
        guard case .select(let operand, let field, false) = argument.kind else {
            throw Issue(offset: argument.offset, message: "invalid argument to has() macro")
        }
        return Expression(.test(operand, field: field), at: offset)
    }

    // MARK: Comprehensions

    /// How a macro's arguments are to be read: names first, then a condition, then what is made of each element.
    private struct Shape {
        var operation: Expression.Comprehension.Operation
        var names: Int
        var hasCondition: Bool
        var hasTransform: Bool
        var count: Int { names + (hasCondition ? 1 : 0) + (hasTransform ? 1 : 0) }
    }

    private static let shapes: [String: [Shape]] = [
        "all": [asking(.all, 1), asking(.all, 2)], "exists": [asking(.exists, 1), asking(.exists, 2)],
        "exists_one": [asking(.existsOne, 1), asking(.existsOne, 2)], "existsOne": [asking(.existsOne, 1), asking(.existsOne, 2)],
        "filter": [asking(.filter, 1)], "map": making(.map, 1), "transformList": making(.transformList, 2),
        "transformMap": making(.transformMap, 2), "transformMapEntry": making(.transformMapEntry, 2),
    ]

    private static func asking(_ operation: Expression.Comprehension.Operation, _ names: Int) -> Shape {
        Shape(operation: operation, names: names, hasCondition: true, hasTransform: false)
    }

    private static func making(_ operation: Expression.Comprehension.Operation, _ names: Int) -> [Shape] {
        [false, true].map { Shape(operation: operation, names: names, hasCondition: $0, hasTransform: true) }
    }

    private func comprehension(
        _ shape: Shape, _ range: Expression, _ arguments: [Expression], at offset: Int
    ) throws(Issue) -> Expression {
        var names: [String] = []
        for argument in arguments.prefix(shape.names) { names.append(try variable(argument, "argument must be a simple name")) }
        if names.count == 2, names[0] == names[1] {
            throw Issue(offset: arguments[1].offset, message: "duplicate variable name: \(names[0])")
        }
        var rest = arguments.dropFirst(shape.names)
        return Expression(
            .comprehension(
                .init(
                    operation: shape.operation, range: range, variables: names,
                    condition: shape.hasCondition ? rest.popFirst() : nil, transform: shape.hasTransform ? rest.popFirst() : nil)),
            at: offset)
    }

    private func variable(_ argument: Expression, _ problem: String) throws(Issue) -> String {
        guard case .identifier(let name) = argument.kind else { throw Issue(offset: argument.offset, message: problem) }
        return name
    }

    // MARK: Optional values

    /// `target.optMap(x, e)` is `target.hasValue() ? optional.of(e with x = target.value()) : optional.none()`.
    private func optional(
        _ name: String, _ target: Expression, _ arguments: [Expression], at offset: Int
    ) throws(Issue) -> Expression {
        let variable = try self.variable(arguments[0], "\(name)() variable name must be a simple identifier")
        func call(_ function: String, _ receiver: Expression?, _ arguments: [Expression] = []) -> Expression {
            Expression(.call(function, target: receiver, arguments), at: offset)
        }
        // No source can name it.
        let whole = Expression(.identifier("@target"), at: target.offset)
        let body = Expression(.bind(variable, call("value", whole), arguments[1]), at: offset)
        let some = name == "optMap" ? call("optional.of", nil, [body]) : body
        let choice = call(Operator.conditional, nil, [call("hasValue", whole), some, call("optional.none", nil)])
        return Expression(.bind("@target", target, choice), at: offset)
    }
}

extension Expression {
    func isIdentifier(_ name: String) -> Bool {
        if case .identifier(name) = kind { true } else { false }
    }
}

/// Macros over lists and maps.
extension Checker {
    mutating func comprehension(_ loop: Expression.Comprehension) -> Checked {
        let range = check(loop.range)
        let names = variables(loop, types.resolved(range.type))
        let slot = nextSlot
        let (condition, transform) = bound(names) { checker -> (Checked?, Checked?) in
            (loop.condition.map { checker.check($0) }, loop.transform.map { checker.check($0) })
        }
        if let condition, let place = loop.condition, !types.isAssignable(condition.type, to: .bool) {
            // cel-go meets the condition as an operand of the macro's own operators.
            report(Self.refusal(of: loop.operation, types.resolved(condition.type, closing: true)), at: place.offset)
        }
        let step = ComprehensionStep(
            operation: loop.operation, range: range.step, slot: slot, hasTwoVariables: names.count == 2,
            condition: condition?.step, transform: transform?.step)
        return Checked(type: result(loop, names, transform?.type), step: step)
    }

    private static func refusal(of operation: Expression.Comprehension.Operation, _ type: CELType) -> String {
        switch operation {
        case .all: "found no matching overload for '_&&_' applied to '(bool, \(type))'"
        case .exists: "found no matching overload for '_||_' applied to '(bool, \(type))'"
        default: "expected type 'bool' but found '\(type)'"
        }
    }

    private mutating func variables(_ loop: Expression.Comprehension, _ range: CELType) -> [(String, CELType)] {
        let (first, second): (CELType, CELType)
        switch range {
        case .list(let element): (first, second) = loop.variables.count == 1 ? (element, element) : (.int, element)
        case .map(let key, let value): (first, second) = (key, value)
        case .dynamic, .error, .variable:
            _ = types.isAssignable(.dynamic, to: range)
            (first, second) = (.dynamic, .dynamic)
        default:
            report(
                "expression of type '\(range)' cannot be range of a comprehension (must be list, map, or dynamic)",
                at: loop.range.offset)
            (first, second) = (.error, .error)
        }
        return zip(loop.variables, [first, second]).map { ($0, $1) }
    }

    private mutating func result(
        _ loop: Expression.Comprehension, _ names: [(String, CELType)], _ transformed: CELType?
    ) -> CELType {
        let value = transformed ?? .dynamic
        switch loop.operation {
        case .all, .exists, .existsOne: return .bool
        case .filter: return .list(names[0].1)
        case .map, .transformList: return .list(value)
        case .transformMap: return .map(names[0].1 == .error ? .dynamic : names[0].1, value)
        case .transformMapEntry:
            switch types.resolved(value) {
            case .map(let key, let inner): return .map(key, inner)
            case .dynamic, .error: return .dynamic
            case let other:
                return mismatch(other, .map(.dynamic, .dynamic), at: loop.transform?.offset ?? loop.range.offset)
            }
        }
    }
}

/// `&&` and `||`: either side may decide, even when the other has failed.
struct LogicStep: Step {
    let left: any Step
    let right: any Step
    /// The value that decides alone.
    let deciding: Bool
    let name: String

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        let first = try outcome(of: left, &run)
        if case .success(.bool(deciding)) = first { return .bool(deciding) }
        let second = try outcome(of: right, &run)
        try run.meter.charge(1)
        if case .success(.bool(deciding)) = second { return .bool(deciding) }
        let values = (try first.get(), try second.get())
        guard case (.bool, .bool) = values else { throw .noSuchOverload }
        return .bool(!deciding)
    }

    /// - Throws: Only what ends the evaluation.
    private func outcome(of step: any Step, _ run: inout Run) throws(CELEvaluationError) -> Result<CELValue, CELEvaluationError> {
        do throws(CELEvaluationError) {
            return .success(try step.value(&run))
        } catch {
            if error.isFinal { throw error }
            return .failure(error)
        }
    }
}

struct ConditionStep: Step {
    let condition: any Step
    let yes: any Step
    let no: any Step

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        guard case .bool(let isTrue) = try condition.value(&run) else { throw .noSuchOverload }
        try run.meter.charge(1)
        return try isTrue ? yes.value(&run) : no.value(&run)
    }
}

struct EqualStep: Step {
    let left: any Step
    let right: any Step
    let isNegated: Bool

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        let one = try left.value(&run)
        let two = try right.value(&run)
        try run.meter.charge(1)
        try run.meter.chargeTraversal(min(one.comparisonSize, two.comparisonSize))
        return .bool(one.equals(two) != isNegated)
    }
}

extension CELValue {
    /// How much a comparison may have to look at.
    var comparisonSize: Int {
        switch self {
        case .list(let list): list.count
        case .map(let map): map.count
        default: traversalSize
        }
    }
}

/// `a.or(b)` and `a.orValue(b)`: the fallback is evaluated only when it is needed.
struct FallbackStep: Step {
    let operand: any Step
    let fallback: any Step
    let unwraps: Bool

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        let value = try operand.value(&run)
        guard case .optional(let inner) = value else { throw .noSuchOverload }
        try run.meter.charge(1)
        guard let inner else { return try fallback.value(&run) }
        return unwraps ? inner : value
    }
}

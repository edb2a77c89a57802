/// One node of an expression that is ready to be evaluated.
protocol Step: Sendable {
    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue
}

/// What one evaluation carries along.
struct Run {
    let variables: [String: CELValue]
    /// What macros have bound, by slot.
    var locals: [CELValue]
    var meter: CELMeter
}

struct ConstantStep: Step {
    let value: CELValue
    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue { value }
}

struct LocalStep: Step {
    let slot: Int

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        try run.meter.charge(1)
        return run.locals[slot]
    }
}

struct VariableStep: Step {
    let name: String

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        try run.meter.charge(1)
        guard let value = run.variables[name] else { throw CELEvaluationError("no such attribute(s): \(name)") }
        return value
    }
}

struct BindStep: Step {
    let slot: Int
    let value: any Step
    let body: any Step

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        run.locals[slot] = try value.value(&run)
        return try body.value(&run)
    }
}

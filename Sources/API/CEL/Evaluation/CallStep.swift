/// A function or an operator that is evaluated after its arguments.
struct CallStep: Step {
    let name: String
    let overloads: [Overload]
    let arguments: [any Step]

    func value(_ run: inout Run) throws(CELEvaluationError) -> CELValue {
        var values: [CELValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.value(&run)) }
        try run.meter.charge(1)
        guard let overload = overloads.first(where: { $0.accepts(values) }) else {
            throw Self.isOperator(name) && values.first?.fits(.null) == false
                ? .noSuchOverload : .noSuchOverload(name, values)
        }
        do {
            return try overload.body(values, &run.meter)
        } catch let error as CELEvaluationError {
            throw error
        } catch {
            throw CELEvaluationError("\(error)")
        }
    }

    private static func isOperator(_ name: String) -> Bool { name.hasPrefix("_") || name.hasSuffix("_") || name.hasPrefix("@") }
}

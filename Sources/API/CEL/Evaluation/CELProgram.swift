/// An expression that has been parsed and checked and can be evaluated any number of times.
package struct CELProgram: Sendable {
    package let source: String
    package let resultType: CELType
    /// Those of the environment that the expression names.
    package let variableNames: Set<String>
    private let step: any Step
    private let slotCount: Int

    /// - Parameter expecting: The types that the value may have; nil for any.
    package static func compile(
        _ source: String, in environment: CELEnvironment, expecting: [CELType]? = nil
    ) throws(CELCompileError) -> CELProgram {
        let text = SourceText(source)
        let expression: Expression
        do throws(Issue) {
            expression = try Parser.parse(text)
        } catch {
            throw failure(.syntax, [error], text)
        }
        var checker = Checker(environment)
        let checked = checker.check(expression)
        guard checker.issues.isEmpty else { throw failure(.type, checker.issues, text) }
        let type = checker.types.resolved(checked.type, closing: true)
        if let expecting, !expecting.contains(type) {
            let names = expecting.map(\.description)
            throw CELCompileError(
                .result, names.count == 1 ? "must evaluate to \(names[0])" : "must evaluate to one of [\(names.joined(separator: " "))]")
        }
        return CELProgram(source: source, resultType: type, variableNames: checker.names, step: checked.step, slotCount: checker.slotCount)
    }

    private static func failure(_ kind: CELCompileError.Kind, _ issues: [Issue], _ text: SourceText) -> CELCompileError {
        let reports = issues.sorted { $0.offset < $1.offset }.prefix(100).map { text.report($0.message, at: $0.offset) }
        return CELCompileError(kind, "compilation failed: " + reports.joined(separator: "\n"))
    }

    /// - Parameters:
    ///   - variables: Of those that the environment declares, all that the expression may come to.
    ///   - budget: Pays for the evaluation, whether it succeeds or not.
    package func evaluate(_ variables: [String: CELValue], budget: inout CELBudget) throws(CELEvaluationError) -> CELValue {
        var meter = CELMeter(limit: budget.perExpression)
        defer { budget.remaining -= min(meter.spent, budget.perExpression + 1) }
        let result = try evaluate(variables, &meter)
        guard meter.spent <= budget.remaining else {
            throw CELEvaluationError(
                "validation failed due to running out of cost budget, no further validation rules will be run", kind: .budget)
        }
        return result
    }

    /// The same within an evaluation that is under way, which pays for it: a policy's variable asked for by an expression.
    package func evaluate(_ variables: [String: CELValue], _ meter: inout CELMeter) throws(CELEvaluationError) -> CELValue {
        var run = Run(variables: variables, locals: [CELValue](repeating: .null, count: slotCount), meter: meter)
        defer { meter = run.meter }
        return try step.value(&run)
    }
}

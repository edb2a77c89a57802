/// What evaluations may cost. A step of an expression costs 1; making lists and maps and going through texts costs more.
package struct CELBudget: Sendable {
    /// Of one evaluation.
    package let perExpression: Int
    /// Of all that share the budget.
    package var remaining: Int

    /// The limits of Kubernetes: 1,000,000 for one expression, 10,000,000 for all of an object.
    package init(perExpression: Int = 1_000_000, remaining: Int = 10_000_000) {
        self.perExpression = perExpression
        self.remaining = remaining
    }
}

/// Counts what one evaluation has cost.
package struct CELMeter: Sendable {
    package private(set) var spent = 0
    package let limit: Int

    package init(limit: Int) { self.limit = limit }

    package mutating func charge(_ cost: Int) throws(CELEvaluationError) {
        let (sum, overflow) = spent.addingReportingOverflow(max(cost, 0))
        spent = overflow ? .max : sum
        guard spent <= limit else {
            throw CELEvaluationError("operation cancelled: actual cost limit exceeded", kind: .expressionLimit)
        }
    }

    /// A tenth for each byte or element that is gone through.
    package mutating func chargeTraversal(_ size: Int) throws(CELEvaluationError) { try charge((size + 9) / 10) }
}

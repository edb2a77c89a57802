package import APIMachinery

extension LabelSelector {
    /// The requirements that the selector stands for; sorted labels first, then the expressions in their order.
    ///
    /// - Throws: For an unknown operator. Whether the values suit the operator is left to validation.
    package func selector() throws(SelectorError) -> Selector {
        var selector = Selector(equalTo: matchLabels)
        for expression in matchExpressions {
            let kind: Selector.Requirement.Operator
            switch expression.operator {
            case "In": kind = .in
            case "NotIn": kind = .notIn
            case "Exists": kind = .exists
            case "DoesNotExist": kind = .doesNotExist
            default:
                throw SelectorError(
                    description: "\(expression.operator.quoted) is not a valid label selector operator")
            }
            selector.requirements.append(.init(key: expression.key, operator: kind, values: expression.values))
        }
        return selector
    }
}

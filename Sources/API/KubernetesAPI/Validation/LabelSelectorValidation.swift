internal import APIMachinery

extension Validator {
    mutating func labelSelector(_ selector: LabelSelector?, _ path: FieldPath) {
        guard let selector else { return }
        labels(selector.matchLabels, path.child("matchLabels"))
        for (index, expression) in selector.matchExpressions.enumerated() {
            selectorRequirement(expression, path.child("matchExpressions").index(index))
        }
    }

    private mutating func selectorRequirement(_ requirement: LabelSelectorRequirement, _ path: FieldPath) {
        switch requirement.operator {
        case "In", "NotIn":
            if requirement.values.isEmpty {
                report(.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"))
            }
        case "Exists", "DoesNotExist":
            if !requirement.values.isEmpty {
                report(
                    .forbidden(
                        path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        default:
            report(.invalid(path.child("operator"), .string(requirement.operator), "not a valid selector operator"))
        }
        invalid(path.child("key"), requirement.key, NameValidation.qualifiedName(requirement.key))
        for (index, value) in requirement.values.enumerated() {
            invalid(path.child("values").index(index), value, NameValidation.labelValue(value))
        }
    }
}

internal import APIMachinery

/// Rules of HorizontalPodAutoscaler (autoscaling/v2) and PodDisruptionBudget.
extension Validator {
    mutating func autoscaler(_ object: JSONField) {
        let spec = object["spec"]
        let minimum = spec["minReplicas"]
        let allowsZero = spec["metrics"].items.contains { ["Object", "External"].contains($0["type"].string) }
        if let number = minimum.integer, number < 1 { invalid(minimum, "must be greater than or equal to 1") }
        let maximum = spec["maxReplicas"]
        let count = maximum.integer ?? 0
        if count < 1 { report(.required(maximum.path, "must be set and greater than 0")) }
        if let number = minimum.integer, count < number {
            report(.invalid(maximum.path, .integer(count), "must be greater than or equal to `minReplicas`"))
        }
        scaleTarget(spec["scaleTargetRef"])
        for metric in spec["metrics"].items { metricSpec(metric) }
        if minimum.integer == 0, !allowsZero {
            report(
                .forbidden(
                    spec["metrics"].path,
                    "must specify at least one Object or External metric to support scaling to zero replicas"))
        }
        for direction in ["scaleUp", "scaleDown"] { scalingRules(spec["behavior", direction]) }
    }

    private mutating func scaleTarget(_ reference: JSONField) {
        crossVersionReference(reference)
        let version = reference["apiVersion"]
        let isCore = reference["kind"].string == "ReplicationController"
        if version.isEmptyText, !isCore {
            report(.invalid(version.path, "", "apiVersion must specify API group"))
        }
    }

    private mutating func crossVersionReference(_ reference: JSONField) {
        for name in ["kind", "name"] where required(reference[name]) {
            named(reference[name], NameValidation.pathSegment)
        }
    }

    private static let metricTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"]
    private static let metricSources = ["object", "pods", "resource", "containerResource", "external"]

    private mutating func metricSpec(_ metric: JSONField) {
        let type = metric["type"]
        if type.isEmptyText { report(.required(type.path, "must specify a metric source type")) }
        guard Self.metricTypes.contains(type.string) else {
            return report(.notSupported(type.path, .string(type.string), supported: Self.metricTypes))
        }
        let expected = type.string.prefix(1).lowercased() + type.string.dropFirst()
        if !metric[expected].isSet {
            report(.required(metric[expected].path, "must populate information for the given metric source"))
        }
        for source in Self.metricSources where source != expected && metric[source].isSet {
            report(.forbidden(metric[source].path, "must populate the given metric source only"))
        }
        guard metric[expected].isSet else { return }
        metricSource(metric[expected], expected)
    }

    private mutating func metricSource(_ source: JSONField, _ kind: String) {
        let target = source["target"]
        switch kind {
        case "object":
            crossVersionReference(source["describedObject"])
            metricIdentifier(source["metric"])
            metricTarget(target)
            if target["value"].isSet || target["averageValue"].isSet { break }
            report(.required(target["averageValue"].path, "must set either a target value or averageValue"))
        case "pods", "external":
            metricIdentifier(source["metric"])
            metricTarget(target)
            if kind == "pods" {
                if !target["averageValue"].isSet {
                    report(.required(target["averageValue"].path, "must specify a positive target averageValue"))
                }
            } else if !target["value"].isSet, !target["averageValue"].isSet {
                report(
                    .required(target["averageValue"].path, "must set either a target value for metric or a per-pod target"))
            } else if target["value"].isSet, target["averageValue"].isSet {
                report(.forbidden(target["value"].path, "may not set both a target value for metric and a per-pod target"))
            }
        default: resourceMetric(source, isContainer: kind == "containerResource")
        }
    }

    private mutating func resourceMetric(_ source: JSONField, isContainer: Bool) {
        required(source["name"], "must specify a resource name")
        if isContainer { required(source["container"], "must specify a container") }
        let target = source["target"]
        metricTarget(target)
        let (share, amount) = (target["averageUtilization"], target["averageValue"])
        if !share.isSet, !amount.isSet {
            report(.required(share.path, "must set either a target raw value or a target utilization"))
        }
        if share.isSet, amount.isSet {
            report(.forbidden(amount.path, "may not set both a target raw value and a target utilization"))
        }
    }

    private mutating func metricIdentifier(_ metric: JSONField) {
        if required(metric["name"], "must specify a metric name") { named(metric["name"], NameValidation.pathSegment) }
        labelSelector(metric["selector"])
    }

    private mutating func metricTarget(_ target: JSONField) {
        let type = target["type"]
        if type.isEmptyText { report(.required(type.path, "must specify a metric target type")) }
        if !["Utilization", "Value", "AverageValue"].contains(type.string) {
            report(.invalid(type.path, .string(type.string), "must be either Utilization, Value, or AverageValue"))
        }
        if let share = target["averageUtilization"].integer, share < 1 {
            invalid(target["averageUtilization"], "must be greater than 0")
        }
        for name in ["value", "averageValue"] {
            if let amount = target[name].quantity, amount <= .zero { invalid(target[name], "must be positive") }
        }
    }

    private mutating func scalingRules(_ rules: JSONField) {
        guard rules.isSet else { return }
        let window = rules["stabilizationWindowSeconds"]
        if let seconds = window.integer {
            if seconds < 0 { invalid(window, "must be greater than or equal to zero") }
            if seconds > 3600 { invalid(window, "must be less than or equal to 3600") }
        }
        oneOf(rules["selectPolicy"], ["Disabled", "Max", "Min"])
        let policies = rules["policies"]
        if policies.items.isEmpty { report(.required(policies.path, "must specify at least one Policy")) }
        for policy in policies.items {
            requiredOneOf(policy["type"], ["Percent", "Pods"])
            let period = policy["periodSeconds"]
            for field in [policy["value"], period] where field.integer ?? 0 <= 0 {
                report(.invalid(field.path, .integer(field.integer ?? 0), Self.isNotPositive))
            }
            if period.integer ?? 0 > 1800 { invalid(period, "must be less than or equal to 1800") }
        }
        if let tolerance = rules["tolerance"].quantity, tolerance.isNegative {
            invalid(rules["tolerance"], Self.isNegative)
        }
    }

    mutating func disruptionBudget(_ object: JSONField) {
        let spec = object["spec"]
        if spec["minAvailable"].isSet, spec["maxUnavailable"].isSet {
            report(
                .invalid(
                    spec.path, GoValue.of(spec.value, type: "policy/v1.PodDisruptionBudgetSpec"),
                    "minAvailable and maxUnavailable cannot be both set"))
        }
        for name in ["minAvailable", "maxUnavailable"] where spec[name].isSet {
            intOrPercent(spec[name])
            notOver100Percent(spec[name])
        }
        labelSelector(spec["selector"])
        oneOf(spec["unhealthyPodEvictionPolicy"], ["AlwaysAllow", "IfHealthyBudget"])
    }
}

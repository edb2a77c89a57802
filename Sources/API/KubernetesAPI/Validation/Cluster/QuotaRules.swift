internal import APIMachinery

/// Rules of LimitRange and ResourceQuota.
extension Validator {
    mutating func limitRange(_ object: JSONField) {
        var types: Set<String> = []
        for item in object["spec", "limits"].items {
            limitType(item["type"])
            if !types.insert(item["type"].string).inserted {
                report(.duplicate(item["type"].path, item["type"].shown))
            }
            limitItem(item)
        }
    }

    private mutating func limitType(_ type: JSONField) {
        invalid(type.path, type.string, NameValidation.qualifiedName(type.string))
        let isStandard = ["Pod", "Container", "PersistentVolumeClaim"].contains(type.string)
        if !type.isEmptyText, !type.string.contains("/"), !isStandard {
            invalid(type, "must be a standard limit type or fully qualified")
        }
    }

    private mutating func limitItem(_ item: JSONField) {
        let type = item["type"].string
        for member in ["max", "min"] { limitNames(item[member], type) }
        if type == "Pod" {
            for member in ["default", "defaultRequest"] where !item[member].object.isEmpty {
                report(.forbidden(item[member].path, "may not be specified when `type` is 'Pod'"))
            }
        } else {
            for member in ["default", "defaultRequest"] { limitNames(item[member], type) }
        }
        limitNames(item["maxLimitRequestRatio"], type)
        if type == "PersistentVolumeClaim", !item["min", "storage"].isSet, !item["max", "storage"].isSet {
            report(
                .required(
                    item["limits"].path, "either minimum or maximum storage value is required, but neither was provided"))
        }
        let members = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
        let names = Set(members.flatMap { item[$0].object.keys }).sorted()
        for name in names { limitAmounts(item, name) }
    }

    private mutating func limitNames(_ amounts: JSONField, _ type: String) {
        for entry in amounts.entries {
            invalid(entry.field.path, entry.key, NameValidation.qualifiedName(entry.key))
            guard !entry.key.contains("/") else { continue }
            if !ResourceName.isStandard(entry.key) {
                report(.invalid(entry.field.path, .string(entry.key), "must be a standard resource type or fully qualified"))
            }
            if type == "Container" || type == "Pod", !ResourceName.isOfContainers(entry.key) {
                report(.invalid(entry.field.path, .string(entry.key), "must be a standard resource for containers"))
            }
        }
    }

    private mutating func limitAmounts(_ item: JSONField, _ name: String) {
        func field(_ member: String) -> JSONField {
            JSONField(item[member].value?[name], item[member].path.key(name))
        }
        let (max, min, request, limit) = (field("max"), field("min"), field("defaultRequest"), field("default"))
        let ratio = field("maxLimitRequestRatio")
        func compare(
            _ low: JSONField, _ high: JSONField, at place: JSONField, showing shown: JSONField? = nil, _ lowName: String,
            _ highName: String
        ) {
            guard let a = low.quantity, let b = high.quantity, a > b else { return }
            report(
                .invalid(
                    place.path, (shown ?? place).shown, "\(lowName) value \(a) is greater than \(highName) value \(b)"))
        }
        compare(min, max, at: min, "min", "max")
        compare(min, request, at: request, "min", "default request")
        compare(request, max, at: request, "default request", "max")
        compare(request, limit, at: request, "default request", "default limit")
        compare(min, limit, at: limit, showing: min, "min", "default")
        compare(limit, max, at: limit, showing: max, "default", "max")
        if let amount = ratio.quantity {
            if amount < Quantity(1) { invalid(ratio, "ratio \(amount) is less than 1") }
            if let high = max.quantity, let low = min.quantity, !low.isZero {
                let bound = high.doubleValue / low.doubleValue
                if amount.doubleValue > bound { invalid(ratio, "ratio \(amount) is greater than max/min = \(bound)") }
            }
        }
    }

    // MARK: ResourceQuota

    private static let quotaScopes: [String: Set<String>] = [
        "BestEffort": ["pods"], "NotBestEffort": podResources, "Terminating": podResources,
        "NotTerminating": podResources, "PriorityClass": podResources, "CrossNamespacePodAffinity": podResources,
        "VolumeAttributesClass": ["persistentvolumeclaims", "requests.storage"],
    ]
    private static let podResources: Set<String> = [
        "pods", "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    ]

    mutating func resourceQuota(_ object: JSONField) {
        let spec = object["spec"]
        for entry in spec["hard"].entries {
            quotaName(entry.key, entry.field.path)
            quotaAmount(entry.key, entry.field)
        }
        quotaScopes(spec)
        for requirement in spec["scopeSelector", "matchExpressions"].items { scopeRequirement(requirement, spec) }
    }

    private mutating func quotaName(_ name: String, _ path: FieldPath) {
        invalid(path, name, NameValidation.qualifiedName(name))
        guard !name.contains("/") else { return }
        if !ResourceName.isStandard(name) {
            report(.invalid(path, .string(name), "must be a standard resource type or fully qualified"))
        }
        let isForQuota = ResourceName.isStandard(name) && name != "storage" && !name.hasPrefix("hugepages-")
        if !isForQuota { report(.invalid(path, .string(name), "must be a standard resource for quota")) }
    }

    private static let counted: Set<String> = [
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    ]

    private mutating func quotaAmount(_ name: String, _ field: JSONField) {
        guard let amount = field.quantity else { return }
        if amount.isNegative { invalid(field, Self.isNegative) }
        let isCount = Self.counted.contains(name) || name.hasPrefix("count/") || ResourceName.isExtended(name)
        if isCount, !amount.isInteger { invalid(field, "must be an integer") }
    }

    private mutating func quotaScopes(_ spec: JSONField) {
        let scopes = spec["scopes"]
        for scope in scopes.strings { quotaScope(scope, scopes, spec) }
        for pair in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]]
        where pair.allSatisfy({ scopes.strings.contains($0) }) {
            invalid(scopes, "conflicting scopes")
        }
    }

    private mutating func quotaScope(_ scope: String, _ field: JSONField, _ spec: JSONField) {
        guard let resources = Self.quotaScopes[scope] else { return invalid(field, "unsupported scope") }
        for name in spec["hard"].object.keys {
            let isKnown = ResourceName.isStandard(name)
            if isKnown, !resources.contains(name) { invalid(field, "unsupported scope applied to resource") }
        }
    }

    /// Upstream names no index here.
    private mutating func scopeRequirement(_ requirement: JSONField, _ spec: JSONField) {
        let path = spec.path.child("scopeSelector", "matchExpressions")
        let scope = requirement["scopeName"]
        if Self.quotaScopes[scope.string] == nil {
            report(.invalid(path.child("scopeName"), scope.shown, "unsupported scope"))
        }
        let isPriority = scope.string == "PriorityClass" || scope.string == "VolumeAttributesClass"
        let values = requirement["values"].items
        switch requirement["operator"].string {
        case "In", "NotIn":
            if values.isEmpty {
                report(
                    .required(
                        path.child("values"),
                        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
            }
            if !isPriority {
                report(
                    .invalid(
                        path.child("operator"), requirement["operator"].shown,
                        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
                    ))
            }
        case "Exists", "DoesNotExist":
            if !values.isEmpty {
                report(
                    .invalid(
                        path.child("values"), requirement["values"].shown,
                        "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector"))
            }
        default:
            report(
                .invalid(
                    path.child("operator"), .string(requirement["operator"].string), "not a valid selector operator"))
        }
    }

    mutating func resourceQuotaUpdate(_ new: JSONField, _ old: JSONField) {
        if Set(new["spec", "scopes"].strings) != Set(old["spec", "scopes"].strings) {
            invalid(new["spec", "scopes"], Self.isImmutable)
        }
    }
}

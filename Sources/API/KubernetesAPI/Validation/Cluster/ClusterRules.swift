internal import APIMachinery

/// Rules of Namespace, Node, Lease, PriorityClass and RuntimeClass.
extension Validator {
    mutating func namespace(_ object: JSONField) {
        let finalizers = object["spec", "finalizers"]
        for finalizer in finalizers.strings {
            invalid(finalizers.path, finalizer, NameValidation.qualifiedName(finalizer))
            if !finalizer.contains("/"), !["kubernetes", "orphan", "foregroundDeletion"].contains(finalizer) {
                report(
                    .invalid(
                        finalizers.path, .string(finalizer),
                        "name is neither a standard finalizer name nor is it fully qualified"))
            }
        }
    }

    mutating func node(_ object: JSONField) {
        // Upstream reports taints under metadata.
        let taints = JSONField(object["spec", "taints"].value, FieldPath("metadata", "taints"))
        var seen: Set<String> = []
        for taint in taints.items {
            named(taint["key"], NameValidation.qualifiedName)
            if !taint["value"].isEmptyText { named(taint["value"], NameValidation.labelValue) }
            if taint["effect"].isEmptyText {
                report(.required(taint["effect"].path))
            } else {
                oneOf(taint["effect"], ["NoSchedule", "PreferNoSchedule", "NoExecute"])
            }
            if !seen.insert("\(taint["key"].string):\(taint["effect"].string)").inserted {
                var error = FieldError.duplicate(taint.path, Self.shownTaint(taint))
                error.detail = "taints must be unique by key and effect pair"
                report(error)
            }
        }
        podCIDRs(object["spec", "podCIDRs"])
    }

    private static func shownTaint(_ taint: JSONField) -> JSONValue {
        [
            "Key": .string(taint["key"].string), "Value": .string(taint["value"].string),
            "Effect": .string(taint["effect"].string), "TimeAdded": taint["timeAdded"].shown,
        ]
    }

    private mutating func podCIDRs(_ ranges: JSONField) {
        for range in ranges.items { cidr(range, trimmed: false) }
        guard ranges.items.count > 1 else { return }
        let families = ranges.strings.compactMap { CIDR($0)?.address.isIPv4 }
        if ranges.items.count > 2 || (families.count == 2 && families[0] == families[1]) {
            invalid(ranges, "may specify no more than one CIDR for each IP family")
        }
    }

    mutating func nodeUpdate(_ new: JSONField, _ old: JSONField) {
        let (ranges, before) = (new["spec", "podCIDRs"], old["spec", "podCIDRs"])
        if !before.items.isEmpty, ranges.value != before.value {
            report(.forbidden(ranges.path, "node updates may not change podCIDR except from \"\" to valid"))
        }
        let (provider, previous) = (new["spec", "providerID"], old["spec", "providerID"])
        if !previous.isEmptyText, provider.value != previous.value {
            report(.forbidden(provider.path, "node updates may not change providerID except from \"\" to valid"))
        }
    }

    mutating func lease(_ object: JSONField) {
        let spec = object["spec"]
        if spec["holderIdentity"].isSet, spec["holderIdentity"].isEmptyText {
            invalid(spec["holderIdentity"], "must not be empty")
        }
        if let seconds = spec["leaseDurationSeconds"].integer, seconds <= 0 {
            invalid(spec["leaseDurationSeconds"], "must be greater than 0")
        }
        nonNegative(spec["leaseTransitions"])
    }

    static let userPriorityMax: Int64 = 1_000_000_000
    private static let systemPriorities: [String: Int64] = [
        "system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000,
    ]

    mutating func priorityClass(_ object: JSONField) {
        let name = object["metadata", "name"]
        let value = object["value"].integer ?? 0
        if name.string.hasPrefix("system-") {
            if Self.systemPriorities[name.string] != value {
                report(
                    .forbidden(
                        name.path,
                        "priority class names with 'system-' prefix are reserved for system use only. error: \(name.string) is not a known system priority class"
                    ))
            }
        } else if value > Self.userPriorityMax {
            report(
                .forbidden(
                    object["value"].path, "maximum allowed value of a user defined priority is \(Self.userPriorityMax)"))
        }
        oneOf(object["preemptionPolicy"], ["Never", "PreemptLowerPriority"])
    }

    mutating func priorityClassUpdate(_ new: JSONField, _ old: JSONField) {
        if new["value"].value != old["value"].value {
            report(.forbidden(new["value"].path, "may not be changed in an update."))
        }
        immutable(new["preemptionPolicy"], old["preemptionPolicy"])
    }

    mutating func runtimeClass(_ object: JSONField) {
        if required(object["handler"]) { named(object["handler"], NameValidation.dns1123Label) }
        for entry in object["overhead", "podFixed"].entries {
            // Upstream reports the overhead as if it were limits.
            let path = object["overhead"].path.child("limits").key(entry.key)
            if let amount = entry.field.quantity, amount.isNegative {
                report(.invalid(path, entry.field.shown, Self.isNegative))
            }
        }
        let scheduling = object["scheduling"]
        labels(scheduling["nodeSelector"].stringMap, scheduling["nodeSelector"].path)
    }

    mutating func runtimeClassUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["handler"], old["handler"])
    }
}

internal import APIMachinery

extension Validator {
    mutating func job(_ object: JSONField) {
        generatedSelector(object)
        let spec = object["spec"]
        jobSpec(spec)
        let selector = spec["selector"]
        if selector.isSet { labelSelector(selector) } else { report(.required(selector.path)) }
        if let parsed = parsed(selector) { templateMatches(spec["template"], parsed) }
    }

    /// A selector that the server makes has to be just that.
    private mutating func generatedSelector(_ object: JSONField) {
        let spec = object["spec"]
        guard !spec["manualSelector"].isTrue, spec["selector"].isSet else { return }
        let expected: JSONValue = ["matchLabels": [JobLabels.controllerUID: .string(object["metadata", "uid"].string)]]
        if spec["selector"].value != expected { invalid(spec["selector"], "`selector` not auto-generated") }
    }

    mutating func cronJob(_ object: JSONField) {
        let spec = object["spec"]
        schedule(spec["schedule"])
        nonNegative(spec["startingDeadlineSeconds"])
        timeZone(spec["timeZone"])
        switch spec["concurrencyPolicy"].string {
        case "": report(.required(spec["concurrencyPolicy"].path))
        default: oneOf(spec["concurrencyPolicy"], ["Allow", "Forbid", "Replace"])
        }
        nonNegative(spec["successfulJobsHistoryLimit"])
        nonNegative(spec["failedJobsHistoryLimit"])
        let job = spec["jobTemplate", "spec"]
        if job["manualSelector"].isTrue {
            report(.notSupported(job["manualSelector"].path, true, supported: ["nil", "false"]))
        }
        jobSpec(job)
    }

    private mutating func schedule(_ field: JSONField) {
        guard required(field) else { return }
        if field.string.contains("TZ") {
            return invalid(field, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
        }
        do throws(CronScheduleError) {
            _ = try CronSchedule(parsing: field.string)
        } catch {
            invalid(field, error.description)
        }
    }

    private mutating func timeZone(_ field: JSONField) {
        guard field.isSet else { return }
        if field.isEmptyText { return invalid(field, "timeZone must be nil or non-empty string") }
        if field.string.lowercased() == "local" {
            return invalid(
                field, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
        }
        if !TimeZoneNames.contains(field.string) { invalid(field, "unknown time zone \(field.string)") }
    }

    // MARK: The spec

    private static let indexedParallelismMax: Int64 = 100_000
    private static let backoffLimitMax: Int64 = 1_000_000_000

    private mutating func jobSpec(_ spec: JSONField) {
        for name in [
            "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
            "backoffLimitPerIndex", "maxFailedIndexes",
        ] { nonNegative(spec[name]) }
        completionMode(spec)
        backoffPerIndex(spec)
        podFailurePolicy(spec)
        successPolicy(spec)
        let replacement = spec["podReplacementPolicy"]
        oneOf(replacement, spec["podFailurePolicy"].isSet ? ["Failed"] : ["Failed", "TerminatingOrFailed"])
        podTemplate(spec["template"])
        jobRestartPolicy(spec)
        if spec["managedBy"].isSet { managedBy(spec["managedBy"]) }
    }

    private mutating func managedBy(_ field: JSONField) {
        let parts = field.string.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return invalid(field, "must be a domain-prefixed path (such as \"acme.io/foo\")")
        }
        invalid(field.path, String(parts[0]), NameValidation.dns1123Subdomain(String(parts[0])))
        if field.string.utf8.count > 63 { report(.tooLong(field.path, maxBytes: 63)) }
    }

    private mutating func completionMode(_ spec: JSONField) {
        let mode = spec["completionMode"]
        guard mode.isSet else { return }
        oneOf(mode, ["NonIndexed", "Indexed"])
        guard mode.string == "Indexed" else { return }
        if !spec["completions"].isSet {
            report(.required(spec["completions"].path, "when completion mode is Indexed"))
        }
        if let parallelism = spec["parallelism"].integer, parallelism > Self.indexedParallelismMax {
            invalid(
                spec["parallelism"],
                "must be less than or equal to \(Self.indexedParallelismMax) when completion mode is Indexed")
        }
    }

    private mutating func backoffPerIndex(_ spec: JSONField) {
        let perIndex = spec["backoffLimitPerIndex"]
        if perIndex.isSet, spec["completionMode"].string != "Indexed" {
            invalid(perIndex, "requires indexed completion mode")
        }
        guard let maxFailed = spec["maxFailedIndexes"].integer else { return }
        if !perIndex.isSet { report(.required(perIndex.path, "when maxFailedIndexes is specified")) }
        if let completions = spec["completions"].integer, maxFailed > completions {
            invalid(spec["maxFailedIndexes"], "must be less than or equal to completions")
        }
    }

    private mutating func jobRestartPolicy(_ spec: JSONField) {
        let policy = spec["template", "spec", "restartPolicy"]
        if policy.string != "OnFailure", policy.string != "Never" {
            report(.required(policy.path, "valid values: \"OnFailure\", \"Never\""))
        } else if spec["podFailurePolicy"].isSet, policy.string != "Never" {
            invalid(policy, "only \"Never\" is supported when podFailurePolicy is specified")
        }
    }

    // MARK: Failure policy

    private mutating func podFailurePolicy(_ spec: JSONField) {
        let rules = spec["podFailurePolicy", "rules"]
        if rules.items.count > 20 { report(.tooMany(rules.path, count: rules.items.count, max: 20)) }
        let containers = Set(
            (spec["template", "spec", "containers"].items + spec["template", "spec", "initContainers"].items)
                .map { $0["name"].string })
        for rule in rules.items { podFailureRule(rule, spec, containers) }
    }

    private mutating func podFailureRule(_ rule: JSONField, _ spec: JSONField, _ containers: Set<String>) {
        var actions = ["Count", "FailIndex", "FailJob", "Ignore"]
        if !spec["backoffLimitPerIndex"].isSet, rule["action"].string == "FailIndex" {
            invalid(rule["action"], "requires the backoffLimitPerIndex to be set")
            actions = []
        }
        if rule["action"].isEmptyText {
            report(.required(rule["action"].path, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"))
        } else if !actions.isEmpty {
            oneOf(rule["action"], actions)
        }
        let (codes, conditions) = (rule["onExitCodes"], rule["onPodConditions"])
        if codes.isSet { exitCodes(codes, containers) }
        if conditions.items.count > 20 { report(.tooMany(conditions.path, count: conditions.items.count, max: 20)) }
        for condition in conditions.items {
            named(condition["type"], NameValidation.qualifiedName)
            requiredOneOf(condition["status"], ["False", "True", "Unknown"])
        }
        if codes.isSet, !conditions.items.isEmpty {
            report(.invalid(rule.path, "", "specifying both OnExitCodes and OnPodConditions is not supported"))
        }
        if !codes.isSet, conditions.items.isEmpty {
            report(
                FieldError(
                    rule.path, .invalid, detail: "specifying one of OnExitCodes and OnPodConditions is required"))
        }
    }

    private mutating func exitCodes(_ codes: JSONField, _ containers: Set<String>) {
        requiredOneOf(codes["operator"], ["In", "NotIn"])
        if codes["containerName"].isSet, !containers.contains(codes["containerName"].string) {
            invalid(codes["containerName"], "must be one of the container or initContainer names in the pod template")
        }
        let values = codes["values"]
        let numbers = values.items.map { $0.integer ?? 0 }
        if numbers.isEmpty { report(.invalid(values.path, [], "at least one value is required")) }
        if numbers.count > 255 { report(.tooMany(values.path, count: numbers.count, max: 255)) }
        var isOrdered = true
        var seen: Set<Int64> = []
        for (index, value) in values.items.enumerated() {
            if codes["operator"].string == "In", numbers[index] == 0 { invalid(value, "must not be 0 for the In operator") }
            if !seen.insert(numbers[index]).inserted {
                report(.duplicate(value.path, value.shown))
            } else if index > 0, numbers[index - 1] > numbers[index] {
                isOrdered = false
            }
        }
        if !isOrdered { invalid(values, "must be ordered") }
    }

    // MARK: Success policy

    private mutating func successPolicy(_ spec: JSONField) {
        let policy = spec["successPolicy"]
        guard policy.isSet else { return }
        guard spec["completionMode"].string == "Indexed" else {
            return report(
                .invalid(
                    policy.path, GoValue.of(policy.value, type: "batch/v1.SuccessPolicy"),
                    "requires indexed completion mode"))
        }
        let rules = policy["rules"]
        if rules.items.isEmpty {
            report(
                .required(rules.path, "at least one rules must be specified when the successPolicy is specified"))
        }
        if rules.items.count > 20 { report(.tooMany(rules.path, count: rules.items.count, max: 20)) }
        for rule in rules.items { successRule(rule, completions: spec["completions"].integer ?? 0) }
    }

    private mutating func successRule(_ rule: JSONField, completions: Int64) {
        let (indexes, count) = (rule["succeededIndexes"], rule["succeededCount"])
        if !indexes.isSet, !count.isSet {
            return report(.required(rule.path, "at least one of succeededCount or succeededIndexes must be specified"))
        }
        var total = completions
        if indexes.isSet {
            switch IndexIntervals.count(indexes.string, limit: completions) {
            case .success(let number): total = number
            case .failure(let error): invalid(indexes, "error parsing succeededIndexes: \(error.description)")
            }
        }
        if let number = count.integer {
            nonNegative(count)
            if number > total {
                let what =
                    indexes.isSet
                    ? "the number of indexes in the specified succeededIndexes field" : "\(total) (the number of specified completions)"
                invalid(count, "must be less than or equal to \(indexes.isSet ? "\(total) (\(what))" : what)")
            }
        }
    }

    // MARK: Updates

    mutating func jobUpdate(_ new: JSONField, _ old: JSONField) {
        let (spec, before) = (new["spec"], old["spec"])
        completionsUpdate(spec, before)
        immutable(spec["selector"], before["selector"])
        templateUpdate(new, old)
        immutable(spec["completionMode"], before["completionMode"])
        if spec["podFailurePolicy"].value != before["podFailurePolicy"].value {
            report(
                .invalid(
                    spec["podFailurePolicy"].path,
                    GoValue.of(spec["podFailurePolicy"].value ?? before["podFailurePolicy"].value, type: "batch/v1.PodFailurePolicy"),
                    Self.isImmutable))
        }
        for name in ["backoffLimitPerIndex", "managedBy", "successPolicy"] { immutable(spec[name], before[name]) }
    }

    private mutating func completionsUpdate(_ spec: JSONField, _ before: JSONField) {
        let (new, old) = (spec["completions"], before["completions"])
        guard new.value != old.value else { return }
        let isElastic = spec["completionMode"].string == "Indexed" && new.isSet && old.isSet
        if isElastic {
            if new.integer != spec["parallelism"].integer {
                invalid(new, "can only be modified in tandem with \(spec["parallelism"].path)")
            }
        } else {
            immutable(new, old)
        }
    }

    /// A suspended job that has not run may still be told where its pods go.
    private mutating func templateUpdate(_ new: JSONField, _ old: JSONField) {
        let (template, before) = (new["spec", "template"], old["spec", "template"])
        guard template.value != before.value else { return }
        let hasStarted = old["status", "startTime"].isSet
        guard old["spec", "suspend"].isTrue, !hasStarted else {
            return report(.invalid(template.path, GoPodTemplate.shown(template.value), Self.isImmutable))
        }
        let free: Set<String> = ["affinity", "nodeSelector", "schedulingGates", "tolerations"]
        func fixed(_ field: JSONField) -> JSONObject {
            var spec = JSONObject(members: field["spec"].object.members.filter { !free.contains($0.key) })
            for list in ["containers", "initContainers"] { spec.changeEach(list) { $0["resources"] = nil } }
            return spec
        }
        guard fixed(template) != fixed(before) else { return }
        report(.invalid(template["spec"].path, GoPodTemplate.spec(template["spec"].value), Self.isImmutable))
    }
}

/// Labels that tie a job's pods to it.
enum JobLabels {
    static let controllerUID = "batch.kubernetes.io/controller-uid"
    static let jobName = "batch.kubernetes.io/job-name"
    static let legacyControllerUID = "controller-uid"
    static let legacyJobName = "job-name"
}

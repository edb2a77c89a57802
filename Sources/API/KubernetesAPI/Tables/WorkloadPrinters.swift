internal import APIMachinery

extension TablePrinters {
    private static func replicaTable(_ selectorText: @escaping @Sendable (JSONField) -> String) -> TablePrinter {
        TablePrinter(
            "Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", "Containers::1", "Images::1",
            "Selector::1"
        ) { object, now in
            let (names, images) = containers(object["spec", "template", "spec"])
            return [
                name(object), count(object["spec", "replicas"]), count(object["status", "replicas"]),
                count(object["status", "readyReplicas"]), age(object, now), names, images,
                .string(selectorText(object["spec", "selector"])),
            ]
        }
    }

    static let workloads: [String: TablePrinter] = [
        "core/v1.ReplicationController": replicaTable(labels),
        "apps/v1.ReplicaSet": replicaTable(selector),
        "apps/v1.Deployment": TablePrinter(
            "Name", "Ready", "Up-to-date", "Available", "Age", "Containers::1", "Images::1", "Selector::1"
        ) { object, now in
            let (names, images) = containers(object["spec", "template", "spec"])
            let status = object["status"]
            let ready = "\(status["readyReplicas"].integer ?? 0)/\(object["spec", "replicas"].integer ?? 0)"
            return [
                name(object), .string(ready), count(status["updatedReplicas"]), count(status["availableReplicas"]),
                age(object, now), names, images, .string(selector(object["spec", "selector"])),
            ]
        },
        "apps/v1.StatefulSet": TablePrinter("Name", "Ready", "Age", "Containers::1", "Images::1") { object, now in
            let (names, images) = containers(object["spec", "template", "spec"])
            let ready =
                "\(object["status", "readyReplicas"].integer ?? 0)/\(object["spec", "replicas"].integer ?? 0)"
            return [name(object), .string(ready), age(object, now), names, images]
        },
        "apps/v1.DaemonSet": TablePrinter(
            "Name", "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer", "Available:integer",
            "Node Selector", "Age", "Containers::1", "Images::1", "Selector::1"
        ) { object, now in
            let (names, images) = containers(object["spec", "template", "spec"])
            let status = object["status"]
            return [
                name(object), count(status["desiredNumberScheduled"]), count(status["currentNumberScheduled"]),
                count(status["numberReady"]), count(status["updatedNumberScheduled"]), count(status["numberAvailable"]),
                .string(labels(object["spec", "template", "spec", "nodeSelector"])), age(object, now), names, images,
                .string(selector(object["spec", "selector"])),
            ]
        },
        "apps/v1.ControllerRevision": TablePrinter("Name", "Controller", "Revision", "Age") { object, now in
            [name(object), .string(controller(object)), count(object["revision"]), age(object, now)]
        },
        "batch/v1.Job": TablePrinter(
            "Name", "Status", "Completions", "Duration", "Age", "Containers::1", "Images::1", "Selector::1"
        ) { object, now in
            let (names, images) = containers(object["spec", "template", "spec"])
            return [
                name(object), .string(jobStatus(object)), .string(jobCompletions(object)),
                .string(jobDuration(object, now)), age(object, now), names, images,
                .string(selector(object["spec", "selector"])),
            ]
        },
        "batch/v1.CronJob": TablePrinter(
            "Name", "Schedule", "Timezone", "Suspend", "Active:integer", "Last Schedule", "Age", "Containers::1",
            "Images::1", "Selector::1"
        ) { object, now in
            let job = object["spec", "jobTemplate", "spec"]
            let (names, images) = containers(job["template", "spec"])
            let last = object["status", "lastScheduleTime"]
            return [
                name(object), .string(object["spec", "schedule"].string), text(object["spec", "timeZone"], or: "<none>"),
                yesOrNo(object["spec", "suspend"].isTrue), .integer(Int64(object["status", "active"].items.count)),
                .string(last.isSet ? since(last, now) : "<none>"), age(object, now), names, images,
                .string(selector(job["selector"])),
            ]
        },
        "autoscaling/v1.HorizontalPodAutoscaler": TablePrinter(
            "Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"
        ) { object, now in
            AutoscalerPrinter.cells(JSONField(.object(AutoscalerConversion.toV2(object.object)), nil), now)
        },
        "autoscaling/v2.HorizontalPodAutoscaler": TablePrinter(
            "Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age", cells: AutoscalerPrinter.cells),
        "policy/v1.PodDisruptionBudget": TablePrinter(
            "Name", "Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"
        ) { object, now in
            [
                name(object), .string(amount(object["spec", "minAvailable"], or: "N/A")),
                .string(amount(object["spec", "maxUnavailable"], or: "N/A")),
                count(object["status", "disruptionsAllowed"]), age(object, now),
            ]
        },
    ]

    /// `deployment.apps/web` of the owner that manages the object.
    private static func controller(_ object: JSONField) -> String {
        guard let owner = object["metadata", "ownerReferences"].items.first(where: { $0["controller"].isTrue })
        else { return "<none>" }
        let group = GroupVersionKind(apiVersion: owner["apiVersion"].string, kind: "").group
        let kind = owner["kind"].string.lowercased()
        return "\(group.isEmpty ? kind : "\(kind).\(group)")/\(owner["name"].string)"
    }

    private static func jobStatus(_ job: JSONField) -> String {
        func has(_ type: String) -> Bool {
            job["status", "conditions"].items.contains { $0["type"].string == type && $0["status"].string == "True" }
        }
        if has("Complete") { return "Complete" }
        if has("Failed") { return "Failed" }
        if job["metadata", "deletionTimestamp"].isSet { return "Terminating" }
        for type in ["Suspended", "FailureTarget", "SuccessCriteriaMet"] where has(type) { return type }
        return "Running"
    }

    private static func jobCompletions(_ job: JSONField) -> String {
        let succeeded = job["status", "succeeded"].integer ?? 0
        if let completions = job["spec", "completions"].integer { return "\(succeeded)/\(completions)" }
        let parallelism = job["spec", "parallelism"].integer ?? 0
        return parallelism > 1 ? "\(succeeded)/1 of \(parallelism)" : "\(succeeded)/1"
    }

    private static func jobDuration(_ job: JSONField, _ now: TableClock) -> String {
        guard let start = Timestamp(job["status", "startTime"].string) else { return "" }
        guard let end = Timestamp(job["status", "completionTime"].string) else { return now.since(start) }
        return TableClock.age(start, at: end)
    }
}

/// An autoscaler's row; autoscaling/v2.
enum AutoscalerPrinter {
    static let cells: @Sendable (JSONField, TableClock) -> [JSONValue] = { object, now in
        let spec = object["spec"]
        let reference = "\(spec["scaleTargetRef", "kind"].string)/\(spec["scaleTargetRef", "name"].string)"
        let minimum = spec["minReplicas"].integer.map { String($0) } ?? "<unset>"
        return [
            TablePrinters.name(object), .string(reference), .string(targets(object)), .string(minimum),
            TablePrinters.count(spec["maxReplicas"]), TablePrinters.count(object["status", "currentReplicas"]),
            TablePrinters.age(object, now),
        ]
    }

    private static func targets(_ object: JSONField) -> String {
        let specs = object["spec", "metrics"].items
        guard !specs.isEmpty else { return "<none>" }
        let statuses = object["status", "currentMetrics"].items
        let texts = specs.enumerated().map { index, spec in
            target(spec, index < statuses.count ? statuses[index] : JSONField(nil))
        }
        return TablePrinters.some(texts, max: 2, separator: ", ")
    }

    private static func target(_ spec: JSONField, _ status: JSONField) -> String {
        let type = spec["type"].string
        let member = type.prefix(1).lowercased() + type.dropFirst()
        let (wanted, now) = (spec[member, "target"], status[member, "current"])
        switch type {
        case "Resource", "ContainerResource":
            let label = "\(spec[member, "name"].string): "
            if wanted["averageValue"].isSet {
                return label + "\(TablePrinters.amount(now["averageValue"], or: "<unknown>"))/\(wanted["averageValue"].string)"
            }
            let current = now["averageUtilization"].integer.map { "\($0)%" } ?? "<unknown>"
            let target = wanted["averageUtilization"].integer.map { "\($0)%" } ?? "<auto>"
            return label + "\(current)/\(target)"
        case "Pods": return pair(now["averageValue"], wanted["averageValue"])
        case "Object", "External":
            if wanted["averageValue"].isSet { return pair(now["averageValue"], wanted["averageValue"]) + " (avg)" }
            return pair(now["value"], wanted["value"])
        default: return "<unknown type>"
        }
    }

    private static func pair(_ now: JSONField, _ wanted: JSONField) -> String {
        "\(now.isEmptyText ? "<unknown>" : now.string)/\(wanted.string)"
    }
}

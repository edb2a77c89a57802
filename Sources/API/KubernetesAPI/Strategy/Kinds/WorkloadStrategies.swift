internal import APIMachinery

enum JobStrategy {
    /// A job's name with what its pods' names get behind it has to be a label.
    static let cronJobName: @Sendable (String) -> [String] = { name in
        NameValidation.dns1123Subdomain(name) + (name.utf8.count > 52 ? ["must be no more than 52 characters"] : [])
    }

    /// The selector by the job's own uid, and the labels that it selects. Needs metadata.uid.
    static let prepareForCreate: KindProfile.Change = { job in
        guard let uid = job["metadata"]?["uid"]?.stringValue, job["spec"]?["manualSelector"] != true else { return }
        let name = job["metadata"]?["name"] ?? ""
        let labels: [(String, JSONValue)] = [
            (JobLabels.controllerUID, .string(uid)), (JobLabels.jobName, name),
            (JobLabels.legacyControllerUID, .string(uid)), (JobLabels.legacyJobName, name),
        ]
        job.change("spec") { spec in
            spec.setDefault("selector", [:])
            spec.change("selector") { selector in
                var members = selector["matchLabels"]?.objectValue ?? JSONObject()
                members.setDefault(JobLabels.controllerUID, .string(uid))
                selector["matchLabels"] = .object(members.sortedByKey)
            }
            spec.change("template") { template in
                template.setDefault("metadata", [:])
                template.change("metadata") { metadata in
                    var members = metadata["labels"]?.objectValue ?? JSONObject()
                    for (key, value) in labels { members[key] = value }
                    metadata["labels"] = .object(members.sortedByKey)
                }
            }
        }
        let templateLabels = job["spec"]?["template"]?["metadata"]?["labels"]
        job.change("metadata") { metadata in
            if metadata.isUnset("labels"), let templateLabels { metadata["labels"] = templateLabels }
        }
    }
}

enum DaemonSetStrategy {
    /// The template's own generation, which the first version of the API had as a field.
    private static let annotation = "deprecated.daemonset.template.generation"

    static let prepareForCreate: KindProfile.Change = { daemonSet in set(&daemonSet, 1) }

    static func prepareForUpdate(_ daemonSet: inout JSONObject, _ old: JSONObject) {
        let text = old["metadata"]?["annotations"]?[annotation]?.stringValue ?? ""
        let before = Int64(text) ?? 0
        let isChanged = daemonSet["spec"]?["template"] != old["spec"]?["template"]
        set(&daemonSet, isChanged ? before + 1 : before)
    }

    private static func set(_ daemonSet: inout JSONObject, _ generation: Int64) {
        daemonSet["metadata", default: [:]]["annotations", orEmpty: ()][annotation] = .string(String(generation))
    }
}

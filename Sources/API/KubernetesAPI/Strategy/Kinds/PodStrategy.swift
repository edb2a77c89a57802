internal import APIMachinery

/// What only pods have: quality of service, gates, and endpoints that change a part of the spec each.
enum PodStrategy {
    static let prepareForCreate: KindProfile.Change = { pod in
        pod.change("spec", liftGracePeriod)
        let spec = JSONField(pod["spec"])
        var status: JSONObject = ["phase": "Pending"]
        if !spec["schedulingGates"].items.isEmpty {
            status["conditions"] = [
                [
                    "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                ]
            ]
        }
        status["qosClass"] = .string(QualityOfService.of(spec).rawValue)
        pod["status"] = .object(status)
    }

    private static func liftGracePeriod(_ spec: inout JSONObject) {
        if let seconds = spec["terminationGracePeriodSeconds"]?.integerValue, seconds < 0 {
            spec["terminationGracePeriodSeconds"] = 1
        }
    }

    static let prepareForUpdate: KindProfile.Update = { pod, old, subresource in
        switch subresource {
        case "": pod.change("spec", liftGracePeriod)
        case "ephemeralcontainers": keep(&pod, old) { spec, new in spec["ephemeralContainers"] = new["ephemeralContainers"] }
        case "resize": keep(&pod, old, copyResources)
        case "status":
            pod.change("metadata") { metadata in
                metadata["deletionTimestamp"] = old["metadata"]?["deletionTimestamp"]
                metadata["ownerReferences"] = old["metadata"]?["ownerReferences"]
            }
            // Only the status endpoint's own members; what never changes after creation stays.
            pod.change("status") { status in
                if status.isUnset("qosClass") { status["qosClass"] = old["status"]?["qosClass"] }
            }
        default: break
        }
    }

    /// The old pod with one part of the new spec.
    private static func keep(_ pod: inout JSONObject, _ old: JSONObject, _ part: (inout JSONObject, JSONObject) -> Void) {
        let new = pod["spec"]?.objectValue ?? JSONObject()
        let metadata = pod["metadata"]
        pod = old
        pod.change("spec") { part(&$0, new) }
        let isChanged = pod["spec"] != old["spec"]
        pod["metadata", default: [:]]["managedFields"] = metadata?["managedFields"]
        pod["metadata", default: [:]]["resourceVersion"] = metadata?["resourceVersion"]
        if isChanged, let generation = old["metadata"]?["generation"]?.integerValue {
            pod["metadata", default: [:]]["generation"] = .integer(generation + 1)
        }
    }

    private static func copyResources(_ spec: inout JSONObject, _ new: JSONObject) {
        for list in ["containers", "initContainers"] {
            let wanted = new[list]?.arrayValue ?? []
            spec.changeEach(list) { container in
                guard let other = wanted.first(where: { $0["name"] == container["name"] }) else { return }
                container["resources"] = other["resources"]
                container["resizePolicy"] = other["resizePolicy"]
            }
        }
        spec["resources"] = new["resources"]
    }

    static func validate(_ validator: inout Validator, _ object: JSONField) {
        let pod = object.decoded(Pod.self)
        validator.podAnnotations(pod, FieldPath("metadata", "annotations"))
        validator.podSpec(pod.spec, FieldPath("spec"))
        validator.creation(of: pod.spec, FieldPath("spec"))
    }

    static func validateUpdate(
        _ validator: inout Validator, _ new: JSONField, _ old: JSONField, _ subresource: String
    ) {
        switch subresource {
        case "": validator.podUpdate(new, old)
        case "ephemeralcontainers": validator.ephemeralContainersUpdate(new, old)
        case "resize": validator.podResize(new, old)
        case "status": validator.podStatusUpdate(new, old)
        default: break
        }
    }
}

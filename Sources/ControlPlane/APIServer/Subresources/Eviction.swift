internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// POST on `pods/NAME/eviction`: deletes the pod if its disruption budget lets it go.
    func evict(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request, transforms: false)
        let options = try WriteOptions(context.request, kind: "CreateOptions")
        let eviction = try decodeForeign(context, GroupVersionKind(group: "policy", version: "v1", kind: "Eviction"))
        let name = context.info.name
        guard eviction.name.isEmpty || eviction.name == name else {
            throw .badRequest("name in URL does not match name in Eviction object")
        }
        var deletion = DeletionOptions()
        if let body = eviction["deleteOptions"] { deletion = try DeletionOptions(context.request, body: body) }
        deletion.isDryRun = deletion.isDryRun || options.isDryRun
        let pod = context.resource.object(try await requestedItem(context))
        try await admitConnected(eviction, .create, "eviction", .write(options), deletion.isDryRun, &context)
        if !Self.mayGoAnyway(pod) { try await spendBudget(of: pod, deletion, &context) }
        if !pod.isBeingDeleted { try await markDisrupted(name, deletion, &context) }
        _ = try await delete(name, deletion, &context)
        return try Self.success(format, status: 201)
    }

    /// Says in the pod's status why it ends.
    private func markDisrupted(_ name: String, _ deletion: DeletionOptions, _ context: inout RequestContext) async throws(Status) {
        var options = WriteOptions()
        options.isDryRun = deletion.isDryRun
        let condition: JSONValue = [
            "type": "DisruptionTarget", "status": "True", "lastTransitionTime": .string(context.now.description),
            "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
        ]
        var update = ObjectUpdate(name: name, subresource: "status", options: options) { old, _ throws(Status) in
            var (object, status) = (old, old["status"] ?? .object(JSONObject()))
            let others = (status["conditions"]?.arrayValue ?? []).filter { $0["type"] != "DisruptionTarget" }
            status["conditions"] = .array(others + [condition])
            object["status"] = status
            return object
        }
        update.isInternalStep = true
        var own = context
        _ = try await perform(update, &own)
    }

    /// A pod that does not run, or is going already, costs no budget.
    private static func mayGoAnyway(_ pod: JSONObject) -> Bool {
        let phase = pod["status"]?["phase"]?.stringValue ?? ""
        return ["Succeeded", "Failed", "Pending"].contains(phase) || pod.isBeingDeleted
    }

    /// Counts the disruption in the pod's budget, if it has one.
    private func spendBudget(of pod: JSONObject, _ deletion: DeletionOptions, _ context: inout RequestContext) async throws(Status) {
        let budgets = try await objects.list(group: "policy", "poddisruptionbudgets", namespace: pod.namespace).filter {
            Self.covers($0, pod)
        }
        guard let budget = budgets.first else { return }
        guard budgets.count == 1 else {
            throw Status(
                code: 500, reason: .unknown,
                message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        if Self.isUnready(pod), Self.letsUnreadyGo(budget) { return }
        guard let resource = registry.resource(group: "policy", version: "v1", plural: "poddisruptionbudgets") else { return }
        var budgetContext = context
        budgetContext.resource = resource
        var options = WriteOptions()
        options.isDryRun = deletion.isDryRun
        let (podName, now) = (pod.name, context.now)
        let update = ObjectUpdate(name: budget.name, subresource: "status", options: options) { old, _ throws(Status) in
            try Self.spent(old, podName, now)
        }
        _ = try await perform(update, &budgetContext)
    }

    private static func covers(_ budget: JSONObject, _ pod: JSONObject) -> Bool {
        guard let json = budget["spec"]?["selector"] else { return false }
        var decoder = ObjectDecoder(options: .lenient)
        guard let selector = LabelSelector.decode(json, &decoder) else { return false }
        return (try? selector.selector())?.matches(pod.labels) ?? false
    }

    private static func isUnready(_ pod: JSONObject) -> Bool {
        let conditions = pod["status"]?["conditions"]?.arrayValue ?? []
        return !conditions.contains { $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True" }
    }

    private static func letsUnreadyGo(_ budget: JSONObject) -> Bool {
        if budget["spec"]?["unhealthyPodEvictionPolicy"]?.stringValue == "AlwaysAllow" { return true }
        let status = budget["status"]
        let desired = status?["desiredHealthy"]?.integerValue ?? 0
        return desired > 0 && (status?["currentHealthy"]?.integerValue ?? 0) >= desired
    }

    private static func spent(_ old: JSONObject, _ podName: String, _ now: Timestamp) throws(Status) -> JSONObject {
        var status = old["status"] ?? .object(JSONObject())
        let allowed = status["disruptionsAllowed"]?.integerValue ?? 0
        if (status["observedGeneration"]?.integerValue ?? 0) < old.generation {
            throw tooMany(
                "Cannot evict pod as it would violate the pod's disruption budget.", seconds: 10,
                cause: "The disruption budget \(old.name) is still being processed by the server.")
        }
        guard allowed > 0 else {
            let needed = status["desiredHealthy"]?.integerValue ?? 0
            let healthy = status["currentHealthy"]?.integerValue ?? 0
            throw tooMany(
                "Cannot evict pod as it would violate the pod's disruption budget.", seconds: 0,
                cause: "The disruption budget \(old.name) needs \(needed) healthy pods and has \(healthy) currently")
        }
        status["disruptionsAllowed"] = .integer(allowed - 1)
        var disrupted = status["disruptedPods"] ?? .object(JSONObject())
        disrupted[podName] = .string(now.description)
        status["disruptedPods"] = disrupted
        if allowed == 1 {
            let conditions = (status["conditions"]?.arrayValue ?? []).map { condition -> JSONValue in
                guard condition["type"] == "DisruptionAllowed" else { return condition }
                var condition = condition
                condition["status"] = "False"
                condition["reason"] = "InsufficientPods"
                condition["lastTransitionTime"] = .string(now.description)
                return condition
            }
            status["conditions"] = .array(conditions)
        }
        var object = old
        object["status"] = status
        return object
    }

    private static func tooMany(_ message: String, seconds: Int32, cause: String) -> Status {
        var details = Status.Details()
        details.causes = [Status.Cause(reason: "DisruptionBudget", message: cause, field: "")]
        details.retryAfterSeconds = seconds
        return Status(code: 429, reason: .tooManyRequests, message: message, details: details)
    }
}

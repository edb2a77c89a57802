internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Writes what was decided: assignments, conditions, events, the end of pods that make room.
struct SchedulerWriter: Sendable {
    let context: BindingContext
    let events: EventRecorder
    let profiles: [String: SchedulingProfile]
    let report: @Sendable (String) -> Void

    // MARK: Assignments

    /// - Returns: Whether the pod is bound now.
    func bind(_ assignment: SchedulerCore.Assignment) async -> Bool {
        let pod = assignment.pod.info
        do {
            if !assignment.waits.isEmpty || !assignment.work.isEmpty { await nominate(pod, assignment.node) }
            for wait in assignment.waits { try await permission(wait.plugin, wait.upTo, wait.answer) }
            for work in assignment.work { try await work(context) }
            guard let profile = profiles[pod.schedulerName], let binder = profile.binders.first else {
                throw Refusal(.error, "profile \(pod.schedulerName) has no plugin that binds")
            }
            try await binder.bind(pod, to: assignment.node, context)
            events.record(
                pod.reference, type: "Normal", reason: "Scheduled", message: "Successfully assigned \(pod.key) to \(assignment.node)",
                action: "Binding")
            for plugin in profile.postBinds { plugin.postBind(pod, to: assignment.node) }
            return true
        } catch {
            await tellFailedBinding(pod, assignment.node, error)
            return false
        }
    }

    private func permission(_ plugin: String, _ limit: Duration, _ answer: @escaping @Sendable () async -> Refusal?) async throws {
        let refusal = await withTaskGroup(of: Refusal?.self) { group in
            group.addTask { await answer() }
            group.addTask { [time = context.time] in
                try? await time.sleep(for: limit)
                return .unschedulable("rejected due to timeout after waiting \(limit) at plugin \(plugin)")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let refusal { throw refusal }
    }

    private func tellFailedBinding(_ pod: PodInfo, _ node: String, _ error: any Error) async {
        // A pod that is gone needs no word.
        if let error = error as? ClientError, error.isNotFound { return }
        let text = (error as? Refusal)?.message ?? "\(error)"
        report("bind \(pod.key) to \(node): \(text)")
        let message = "binding rejected: \(text)"
        events.record(pod.reference, type: "Warning", reason: "FailedScheduling", message: message, action: "Scheduling")
        await patch(pod, condition(of: pod, reason: "SchedulerError", message: message), nominated: nil)
    }

    // MARK: Failures

    /// Writes one after the other what one decision brought.
    func write(_ actions: [SchedulerCore.Action]) async {
        for action in actions {
            switch action {
            case .bind: preconditionFailure("assignments are written by bind(_:)")
            case .refuse(let pod, let message, let nominated):
                events.record(
                    pod.info.reference, type: "Warning", reason: "FailedScheduling", message: message, action: "Scheduling")
                await patch(
                    pod.info, condition(of: pod.info, reason: "Unschedulable", message: message), nominated: nominated)
            case .hold(let pod, _):
                let message = "Scheduling is blocked due to non-empty scheduling gates"
                await patch(pod, condition(of: pod, reason: "SchedulingGated", message: message), nominated: nil)
            case .preempt(let pod, let preemption): await preempt(pod, preemption)
            }
        }
    }

    /// - Returns: nil when the pod says that already.
    private func condition(of pod: PodInfo, reason: String, message: String) -> JSONValue? {
        let old = pod.pod.status.conditions.first { $0.type == "PodScheduled" }
        let generation = pod.pod.metadata.generation
        if let old, old.status == "False", old.reason == reason, old.message == message, old.observedGeneration == generation { return nil }
        let since = old?.status == "False" ? old?.lastTransitionTime : nil
        var condition: JSONObject = [
            "type": "PodScheduled", "status": "False", "lastProbeTime": nil,
            "lastTransitionTime": .string((since ?? context.time.wallTime).description), "reason": .string(reason),
            "message": .string(message),
        ]
        if let generation { condition["observedGeneration"] = .integer(generation) }
        return .object(condition)
    }

    private func patch(_ pod: PodInfo, _ condition: JSONValue?, nominated: String?) async {
        var status = JSONObject()
        if let condition { status = pod.patch(of: condition) }
        if let nominated, nominated != pod.nominatedNode { status["nominatedNodeName"] = .string(nominated) }
        await patchStatus(pod, status)
    }

    private func nominate(_ pod: PodInfo, _ node: String) async {
        if pod.nominatedNode != node { await patchStatus(pod, ["nominatedNodeName": .string(node)]) }
    }

    private func patchStatus(_ pod: PodInfo, _ status: JSONObject) async {
        guard status.count > 0 else { return }
        do throws(ClientError) {
            _ = try await context.client.resource(Pod.self, namespace: pod.key.namespace).patch(
                pod.key.name, .strategicMerge, ["metadata": ["uid": .string(pod.uid)], "status": .object(status)], subresource: "status")
        } catch {
            // A pod that is gone, or a new one of the name, needs no status.
            if !error.isNotFound && !error.isConflict { report("write the status of pod \(pod.key): \(error)") }
        }
    }

    // MARK: Making room

    private func preempt(_ pod: PodInfo, _ preemption: Preemption) async {
        for displaced in preemption.displaced { await patchStatus(displaced, ["nominatedNodeName": nil]) }
        await withDiscardingTaskGroup { group in
            for victim in preemption.victims { group.addTask { await end(victim, for: pod, on: preemption.node) } }
        }
    }

    private func end(_ victim: PodInfo, for pod: PodInfo, on node: String) async {
        var condition: JSONObject = [
            "type": "DisruptionTarget", "status": "True", "lastProbeTime": nil,
            "lastTransitionTime": .string(context.time.wallTime.description), "reason": "PreemptionByScheduler",
            "message": .string("\(pod.schedulerName): preempting to accommodate a higher priority pod"),
        ]
        if let generation = victim.pod.metadata.generation { condition["observedGeneration"] = .integer(generation) }
        await patchStatus(victim, victim.patch(of: .object(condition)))
        do throws(ClientError) {
            try await context.client.resource(Pod.self, namespace: victim.key.namespace).delete(victim.key.name, uid: victim.uid)
        } catch {
            if error.isNotFound || error.isConflict { return }
            report("delete pod \(victim.key) to make room for \(pod.key): \(error)")
            return
        }
        events.record(
            victim.reference, type: "Normal", reason: "Preempted", message: "Preempted by pod \(pod.uid) on node \(node)",
            action: "Preempting", related: pod.reference)
    }
}

extension PodInfo {
    /// A strategic merge patch of the status that sets one condition; a new one comes last.
    func patch(of condition: JSONValue) -> JSONObject {
        var types = pod.status.conditions.map(\.type)
        if let type = condition["type"]?.stringValue, !types.contains(type) { types.append(type) }
        return [
            "$setElementOrder/conditions": .array(types.map { ["type": .string($0)] }), "conditions": [condition],
        ]
    }

    /// Names the pod, and its state, in events.
    var reference: ObjectReference {
        ObjectReference {
            $0.apiVersion = "v1"
            $0.kind = "Pod"
            $0.namespace = key.namespace
            $0.name = key.name
            $0.uid = uid
            $0.resourceVersion = pod.metadata.resourceVersion
        }
    }
}

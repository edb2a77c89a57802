internal import APIMachinery
internal import CRI
internal import KubernetesAPI

extension PodWorker {
    private static let retryPeriod = Duration.seconds(30)

    /// What an earlier agent has granted and given, before anything is compared with the spec.
    mutating func recallResources(_ runtime: PodRuntimeStatus) async {
        guard !hasResourceRecord else { return }
        hasResourceRecord = true
        mustCompareResources = !runtime.isEmpty
        if runtime.isEmpty { return }
        let path = node.paths.resources(entry.uid)
        resources = await node.blocking { ResourceRecord.load(path) }
        if !resources.granted.isEmpty { entry.recall(granted: resources.granted) }
    }

    /// Grants what is wished, if the node has it.
    mutating func judgeResize(_ runtime: PodRuntimeStatus) async {
        guard !entry.pod.isDeleted, let wished = entry.with({ $0.wishedResources }) else {
            if case .pending = resize { resize = .none }
            return
        }
        let before = entry.pod
        let wanted = before.with(resources: wished)
        let configuration = node.configuration
        let feasibility = node.table.change(entry) { others in
            ResizeDecision.judge(wanted, others: others, configuration)
        } grant: {
            $0.grant(wished)
        }
        switch feasibility {
        case .infeasible(let text): hold("Infeasible", event: "Infeasible", text, wanted)
        case .deferred(let rejection):
            hold("Deferred", event: rejection.reason, rejection.message, wanted)
            look(after: Self.retryPeriod)
        case .feasible:
            resources.granted = entry.pod.resizableResources
            // What runs has what it had: without this its records would be those of its start.
            for container in before.sidecars + before.spec.containers {
                guard let latest = runtime.latest(container.name), latest.state == .running, resources.given[latest.id] == nil else {
                    continue
                }
                resources.given[latest.id] = container.resources
            }
            await saveResources(runtime)
            resize = .inProgress(error: nil)
            send(.normal, "ResizeStarted", "Pod resize started: \(ResizeDecision.summary(entry.pod))")
        }
    }

    private mutating func hold(_ reason: String, event: String, _ text: String, _ wanted: Pod) {
        let state = ResizeState.pending(reason: reason, message: text)
        defer { resize = state }
        if resize == state { return }
        send(.warning, "Resize\(reason)", "Pod resize \(event): \(ResizeDecision.summary(wanted, error: text))")
    }

    /// Gives running containers what they were granted. Those that have to start again for it are left to the pod's actions.
    ///
    /// - Returns: Containers that have to start again, by id.
    mutating func giveResources(_ runtime: PodRuntimeStatus) async -> Set<String> {
        guard mustCompareResources || resize != .none || !resources.given.isEmpty else { return [] }
        let pod = entry.pod
        let steps = ResizeDecision.steps(pod, runtime, given: resources.given, node.configuration)
        if steps.isEmpty {
            mustCompareResources = false
            completeResize()
            return []
        }
        if resize == .none { resize = .inProgress(error: nil) }
        do {
            let new = PodCgroup(pod, node.configuration)
            let old = PodCgroup(pod.with(resources: givenResources(pod, runtime)), node.configuration)
            let podFirst = ResizeDecision.grows(new, old)
            if podFirst { unenforced = try await node.cgroups.ensure(new) }
            for step in steps where !step.needsRestart {
                try await node.runtime.updateContainerResources(step.containerID, step.resources)
                resources.given[step.containerID] = pod.container(named: step.name)?.resources
            }
            if !podFirst { unenforced = try await node.cgroups.ensure(new) }
            await node.updateClassShares()
            await saveResources(runtime)
        } catch {
            let text = "\(error)"
            if resize != .inProgress(error: text) {
                send(.warning, "ResizeError", "Pod resize error: \(ResizeDecision.summary(pod, error: text))")
            }
            resize = .inProgress(error: text)
            look(after: errorPeriod)
            return []
        }
        let restarting = Set(steps.filter(\.needsRestart).map(\.containerID))
        if restarting.isEmpty { completeResize() }
        return restarting
    }

    private mutating func completeResize() {
        guard case .inProgress = resize else { return }
        resize = .none
        send(.normal, "ResizeCompleted", "Pod resize completed: \(ResizeDecision.summary(entry.pod))")
    }

    /// Resources that containers run with, by name.
    private func givenResources(_ pod: Pod, _ runtime: PodRuntimeStatus) -> [String: ResourceRequirements] {
        pod.resizableResources.merging(Self.given(resources, runtime)) { $1 }
    }

    static func given(_ record: ResourceRecord, _ runtime: PodRuntimeStatus) -> [String: ResourceRequirements] {
        var result: [String: ResourceRequirements] = [:]
        for container in runtime.containers.reversed() where container.state == .running {
            if let given = record.given[container.id] { result[container.metadata.name] = given }
        }
        return result
    }

    private mutating func saveResources(_ runtime: PodRuntimeStatus) async {
        let present = Set(runtime.containers.map(\.id))
        resources.given = resources.given.filter { present.contains($0.key) }
        let (record, path) = (resources, node.paths.resources(entry.uid))
        do {
            try await node.blocking { try record.save(path) }
        } catch {
            send(.warning, "FailedSync", "error recording the pod's resources: \(error)")
        }
    }
}

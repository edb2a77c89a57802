internal import APIMachinery
internal import KubernetesAPI

/// The status that a stage gives a pod: what a kubelet would write of containers that begin, run and end so. Pure.
struct SimulatedStatus {
    let pod: Pod
    let effect: Stage.Effect
    /// The pod's own.
    let address: String
    let hostAddress: String
    let now: Timestamp

    /// - Throws: When the stage's own patch can't be applied.
    func patch() throws(PatchError) -> JSONValue {
        var status = PodStatus()
        status.phase = effect.phase
        status.hostIP = hostAddress
        status.hostIPs = [HostIP { $0.ip = hostAddress }]
        status.podIP = address
        status.podIPs = [PodIP { $0.ip = address }]
        status.startTime = pod.status.startTime ?? now
        status.observedGeneration = pod.metadata.generation
        status.initContainerStatuses = pod.spec.initContainers.map { container in
            container.restartPolicy == "Always" ? self.status(of: container) : ended(container, exitCode: 0, reason: "Completed")
        }
        status.containerStatuses = pod.spec.containers.map { self.status(of: $0) }
        status.conditions = conditions
        let own = JSONValue.object(status.jsonObject)
        guard let patch = effect.status else { return own }
        return try StrategicMergePatch().apply(patch, to: own, type: "core/v1.PodStatus")
    }

    private var phase: String { effect.phase ?? pod.status.phase ?? "Pending" }

    private var isReady: Bool {
        guard phase == "Running" else { return false }
        if let isReady = effect.isReady { return isReady }
        return pod.status.phase == "Running" ? pod.status.conditions.contains { $0.type == "Ready" && $0.status == "True" } : true
    }

    // MARK: Containers

    private func status(of container: Container) -> ContainerStatus {
        switch phase {
        case "Running": running(container)
        case "Succeeded": ended(container, exitCode: effect.exitCode ?? 0, reason: "Completed")
        case "Failed": ended(container, exitCode: effect.exitCode ?? 1, reason: "Error")
        default: waiting(container)
        }
    }

    private func old(_ container: Container) -> ContainerStatus? {
        (pod.status.containerStatuses + pod.status.initContainerStatuses).first { $0.name == container.name }
    }

    private func begun(_ container: Container) -> ContainerStatus {
        ContainerStatus {
            $0.name = container.name
            $0.image = container.image ?? ""
            $0.imageID = container.image ?? ""
            $0.containerID = "simulated://\(pod.metadata.uid ?? "")/\(container.name)"
            $0.restartCount = old(container)?.restartCount ?? 0
            $0.lastState = old(container)?.lastState ?? ContainerState()
        }
    }

    private func running(_ container: Container) -> ContainerStatus {
        var status = begun(container)
        let since = old(container)?.state.running?.startedAt
        status.ready = isReady
        status.started = true
        if effect.restarts, let since {
            status.restartCount += 1
            status.lastState = ContainerState {
                $0.terminated = ended(since: since, exitCode: effect.exitCode ?? 1, reason: effect.exitCode == 0 ? "Completed" : "Error")
            }
        }
        let start = effect.restarts ? now : since ?? now
        status.state = ContainerState { $0.running = ContainerStateRunning { $0.startedAt = start } }
        return status
    }

    private func ended(_ container: Container, exitCode: Int32, reason: String) -> ContainerStatus {
        var status = begun(container)
        let old = old(container)
        let wasEnded = old?.state.terminated
        status.started = false
        // Init containers that are at their end are ready.
        status.ready = reason == "Completed" && pod.spec.initContainers.contains { $0.name == container.name }
        status.state = ContainerState {
            $0.terminated = wasEnded ?? ended(since: old?.state.running?.startedAt ?? now, exitCode: exitCode, reason: reason)
        }
        return status
    }

    private func ended(since start: Timestamp, exitCode: Int32, reason: String) -> ContainerStateTerminated {
        ContainerStateTerminated {
            $0.exitCode = exitCode
            $0.reason = reason
            $0.startedAt = start
            $0.finishedAt = now
        }
    }

    private func waiting(_ container: Container) -> ContainerStatus {
        var status = begun(container)
        status.containerID = nil
        status.imageID = ""
        status.started = false
        status.state = ContainerState { $0.waiting = ContainerStateWaiting { $0.reason = "ContainerCreating" } }
        return status
    }

    // MARK: Conditions

    private var conditions: [PodCondition] {
        let readyReason: String? =
            switch phase {
            case "Succeeded": "PodCompleted"
            case "Failed": "PodFailed"
            default: isReady ? nil : "ContainersNotReady"
            }
        return [
            condition("PodReadyToStartContainers", phase == "Running"), condition("Initialized", phase != "Pending"),
            condition("Ready", isReady, readyReason), condition("ContainersReady", isReady, readyReason),
        ]
    }

    private func condition(_ type: String, _ isTrue: Bool, _ reason: String? = nil) -> PodCondition {
        let old = pod.status.conditions.first { $0.type == type }
        let status = isTrue ? "True" : "False"
        return PodCondition {
            $0.type = type
            $0.status = status
            $0.reason = reason
            $0.observedGeneration = pod.metadata.generation
            $0.lastTransitionTime = old?.status == status ? old?.lastTransitionTime : now
        }
    }
}

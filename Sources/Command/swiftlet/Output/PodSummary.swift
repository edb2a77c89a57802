internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

/// A pod in a few words, for tables and for the stable JSON of `ps` and `run`.
enum PodSummary {
    /// The STATUS column of kubectl: the phase, or what a container waits for or ended with.
    ///
    /// - Note: Follows `printPod` of kubernetes/pkg/printers.
    static func status(of pod: Pod) -> String {
        let phase = pod.status.phase ?? "Pending"
        let isOver = ["Succeeded", "Failed"].contains(phase)
        if pod.metadata.deletionTimestamp != nil, !isOver { return "Terminating" }
        let initial = initStatus(of: pod)
        let isInitialized = pod.status.conditions.contains { $0.type == PodConditions.initialized && $0.status == "True" }
        if let initial, !isInitialized { return initial }
        var status = initial ?? pod.status.reason ?? phase
        var isAnyRunning = false
        for container in pod.status.containerStatuses.reversed() {
            if let waiting = container.state.waiting?.reason, !waiting.isEmpty {
                status = waiting
            } else if let ended = container.state.terminated {
                status = reason(of: ended)
            } else if container.ready, container.state.running != nil {
                isAnyRunning = true
            }
        }
        guard status == "Completed", isAnyRunning else { return status }
        let isReady = pod.status.conditions.contains { $0.type == PodConditions.ready && $0.status == "True" }
        return isReady ? "Running" : "NotReady"
    }

    /// What the first init container that is not done is at; nil: none is left.
    private static func initStatus(of pod: Pod) -> String? {
        let sidecars = Set(pod.sidecars.map(\.name))
        for (index, status) in pod.status.initContainerStatuses.enumerated() {
            if status.state.terminated?.exitCode == 0 || (sidecars.contains(status.name) && status.started ?? false) { continue }
            if let ended = status.state.terminated { return "Init:\(reason(of: ended))" }
            if let waiting = status.state.waiting?.reason, !waiting.isEmpty, waiting != "PodInitializing" { return "Init:\(waiting)" }
            return "Init:\(index)/\(pod.spec.initContainers.count)"
        }
        return nil
    }

    private static func reason(of end: ContainerStateTerminated) -> String {
        if let reason = end.reason, !reason.isEmpty { return reason }
        return end.signal.map { $0 == 0 ? "ExitCode:\(end.exitCode)" : "Signal:\($0)" } ?? "ExitCode:\(end.exitCode)"
    }

    /// Regular containers and sidecars, those that a pod has for as long as it runs.
    private static func lasting(_ pod: Pod) -> [ContainerStatus] {
        let sidecars = Set(pod.sidecars.map(\.name))
        return pod.status.initContainerStatuses.filter { sidecars.contains($0.name) } + pod.status.containerStatuses
    }

    /// The READY column: `1/2`.
    static func ready(of pod: Pod) -> String {
        "\(lasting(pod).filter { $0.ready && $0.state.running != nil }.count)/\(pod.spec.containers.count + pod.sidecars.count)"
    }

    /// The RESTARTS column: `3 (5m ago)`.
    static func restarts(of pod: Pod, now: Timestamp) -> String {
        let count = lasting(pod).reduce(0) { $0 + $1.restartCount }
        let last = lasting(pod).compactMap { $0.lastState.terminated?.finishedAt }.max()
        guard count > 0, let last else { return "\(count)" }
        return "\(count) (\(shortAge(nanoseconds: now.nanosecondsSinceEpoch - last.nanosecondsSinceEpoch)) ago)"
    }

    static func json(of pod: Pod) -> JSONObject {
        var object = JSONObject()
        object["namespace"] = .string(pod.metadata.namespace ?? "")
        object["name"] = .string(pod.metadata.name ?? "")
        object["uid"] = .string(pod.metadata.uid ?? "")
        object["phase"] = .string(pod.status.phase ?? "Pending")
        if let reason = pod.status.reason { object["reason"] = .string(reason) }
        if let message = pod.status.message { object["message"] = .string(message) }
        if let address = pod.status.podIP { object["podIP"] = .string(address) }
        if let start = pod.status.startTime { object["startTime"] = .string(start.description) }
        let missing = LimitsCondition.lines(in: pod.status)
        if !missing.isEmpty { object["notEnforced"] = .array(missing.map { .string($0) }) }
        object["initContainers"] = .array(pod.status.initContainerStatuses.map { .object(json(of: $0, in: pod)) })
        object["containers"] = .array(pod.status.containerStatuses.map { .object(json(of: $0, in: pod)) })
        return object
    }

    /// Process ids of running containers stand in annotations: a `v1.Pod` has no field for them.
    static func pidAnnotation(_ container: String) -> String { "swiftlet.dev/pid.\(container)" }

    private static func json(of status: ContainerStatus, in pod: Pod) -> JSONObject {
        var object = JSONObject()
        object["name"] = .string(status.name)
        object["image"] = .string(status.image)
        object["containerID"] = .string(status.containerID ?? "")
        object["ready"] = .bool(status.ready)
        object["restartCount"] = .integer(Int64(status.restartCount))
        if let running = status.state.running {
            object["state"] = "running"
            object["startedAt"] = .string(running.startedAt?.description ?? "")
            if let pid = pod.metadata.annotations[pidAnnotation(status.name)].flatMap({ Int64($0) }) { object["pid"] = .integer(pid) }
        } else if let ended = status.state.terminated {
            object["state"] = "terminated"
            object["exitCode"] = .integer(Int64(ended.exitCode))
            object["reason"] = .string(ended.reason ?? "")
            if let message = ended.message { object["message"] = .string(message) }
            object["startedAt"] = .string(ended.startedAt?.description ?? "")
            object["finishedAt"] = .string(ended.finishedAt?.description ?? "")
        } else {
            object["state"] = "waiting"
            object["reason"] = .string(status.state.waiting?.reason ?? "")
            if let message = status.state.waiting?.message { object["message"] = .string(message) }
        }
        return object
    }
}

internal import APIMachinery
internal import KubernetesAPI

/// A pod in a few words, for tables and for the stable JSON of `ps` and `run`.
enum PodSummary {
    /// The STATUS column of kubectl: the phase, or what a container waits for or ended with.
    static func status(of pod: Pod) -> String {
        if pod.metadata.deletionTimestamp != nil { return "Terminating" }
        if let reason = pod.status.reason { return reason }
        for status in pod.status.initContainerStatuses {
            if let waiting = status.state.waiting?.reason, waiting != "PodInitializing" { return "Init:\(waiting)" }
            if let ended = status.state.terminated, ended.exitCode != 0 { return "Init:\(ended.reason ?? "ExitCode:\(ended.exitCode)")" }
        }
        let statuses = pod.status.containerStatuses
        if let waiting = statuses.lazy.compactMap({ $0.state.waiting?.reason }).first { return waiting }
        if statuses.contains(where: { $0.state.running != nil }) { return pod.status.phase ?? "Running" }
        let ended = statuses.compactMap { $0.state.terminated }
        if let failed = ended.first(where: { $0.exitCode != 0 }) ?? ended.first { return failed.reason ?? "ExitCode:\(failed.exitCode)" }
        return pod.status.phase ?? "Pending"
    }

    static func restarts(of pod: Pod) -> Int32 { pod.status.containerStatuses.reduce(0) { $0 + $1.restartCount } }

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

internal import KubernetesAPI

/// Which instance of a container a log request means, after the kubelet's validateContainerLogStatus.
enum LogTarget {
    /// - Returns: The id of the instance, without the runtime's name.
    /// - Throws: 400 with the reason that there is no log.
    static func instance(of container: String, in pod: Pod, previous: Bool) throws(KubeletRefusal) -> String {
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses + pod.status.ephemeralContainerStatuses
        guard let status = statuses.first(where: { $0.name == container }) else {
            throw refusal(container, pod, "is not available")
        }
        let last = status.lastState.terminated.flatMap { id($0.containerID) }
        if previous {
            guard let last else {
                throw KubeletRefusal(400, "previous terminated container \"\(container)\" in pod \"\(pod.name)\" not found")
            }
            return last
        }
        if status.state.running != nil, let own = id(status.containerID) { return own }
        if let terminated = status.state.terminated {
            // When the next instance could not be started, the one before has the log.
            guard let found = id(terminated.containerID) ?? last else { throw refusal(container, pod, "is terminated") }
            return found
        }
        if status.lastState.terminated != nil {
            guard let last else { throw refusal(container, pod, "is terminated") }
            return last
        }
        switch status.state.waiting?.reason {
        case nil: throw refusal(container, pod, "is waiting to start - no logs yet")
        case "ErrImagePull": throw refusal(container, pod, "is waiting to start: image can't be pulled")
        case "ImagePullBackOff": throw refusal(container, pod, "is waiting to start: trying and failing to pull image")
        case let reason?: throw refusal(container, pod, "is waiting to start: \(reason)")
        }
    }

    /// Of `runtime://ID`.
    static func id(_ containerID: String?) -> String? {
        guard let id = containerID?.split(separator: "/").last, containerID?.contains("://") == true else { return nil }
        return String(id)
    }

    private static func refusal(_ container: String, _ pod: Pod, _ what: String) -> KubeletRefusal {
        KubeletRefusal(400, "container \"\(container)\" in pod \"\(pod.name)\" \(what)")
    }
}

internal import APIMachinery

/// Which of a pod's containers is meant, after upstream's validateContainer.
enum ContainerChoice {
    /// - Parameter asked: Empty when the client names none.
    /// - Throws: 400 when there is no such container, or when there are several to choose from.
    static func container(of pod: JSONObject, asked: String) throws(Status) -> String {
        guard asked.isEmpty else {
            let all = ["containers", "initContainers", "ephemeralContainers"].flatMap { names(pod, $0) }
            guard all.contains(asked) else { throw .badRequest("container \(asked) is not valid for pod \(pod.name)") }
            return asked
        }
        let containers = names(pod, "containers")
        if containers.count == 1 { return containers[0] }
        var message = "a container name must be specified for pod \(pod.name)"
        if !containers.isEmpty {
            message += ", choose one of: [\(containers.joined(separator: " "))]"
            let initial = names(pod, "initContainers")
            if !initial.isEmpty { message += " or one of the init containers: [\(initial.joined(separator: " "))]" }
        }
        throw .badRequest(message)
    }

    private static func names(_ pod: JSONObject, _ field: String) -> [String] {
        (pod["spec"]?[field]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    }
}

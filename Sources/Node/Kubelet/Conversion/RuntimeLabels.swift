internal import APIMachinery
internal import CRI
package import KubernetesAPI

/// Labels and annotations by which sandboxes and containers are found again, also by other tools that know Kubernetes.
package enum RuntimeLabels {
    package static let podName = "io.kubernetes.pod.name"
    package static let podNamespace = "io.kubernetes.pod.namespace"
    package static let podUID = "io.kubernetes.pod.uid"
    package static let containerName = "io.kubernetes.container.name"
    static let restartCount = "io.kubernetes.container.restartCount"
    static let terminationMessagePath = "io.kubernetes.container.terminationMessagePath"
    static let terminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy"
    static let preStopHandler = "io.kubernetes.container.preStopHandler"
    static let ports = "io.kubernetes.container.ports"
    static let deletionGracePeriod = "io.kubernetes.pod.deletionGracePeriod"
    static let terminationGracePeriod = "io.kubernetes.pod.terminationGracePeriod"

    package static func sandbox(_ pod: Pod, owner: [String: String]) -> [String: String] {
        pod.metadata.labels.merging(identity(pod)) { $1 }.merging(owner) { $1 }
    }

    package static func container(_ name: String, _ pod: Pod, owner: [String: String]) -> [String: String] {
        identity(pod).merging([containerName: name]) { $1 }.merging(owner) { $1 }
    }

    package static func annotations(_ container: Container, _ pod: Pod, restartCount: UInt32) -> [String: String] {
        var annotations = [
            ContainerHash.annotation: ContainerHash.of(container),
            Self.restartCount: String(restartCount),
            terminationMessagePath: container.terminationMessagePath ?? "",
            terminationMessagePolicy: container.terminationMessagePolicy ?? "File",
            terminationGracePeriod: String(pod.terminationGracePeriodSeconds),
        ]
        annotations[deletionGracePeriod] = pod.metadata.deletionGracePeriodSeconds.map { String($0) }
        annotations[preStopHandler] = container.lifecycle?.preStop.map { $0.json.serializedText() }
        if !container.ports.isEmpty { annotations[ports] = container.ports.json.serializedText() }
        return annotations
    }

    private static func identity(_ pod: Pod) -> [String: String] {
        [podName: pod.name, podNamespace: pod.namespace, podUID: pod.uid]
    }

    /// As much of a pod as its sandboxes and containers still tell, enough to stop it in order.
    package static func pod(_ uid: PodUID, _ status: PodRuntimeStatus) -> Pod {
        let labels = status.sandboxes.first?.labels ?? status.containers.first?.labels ?? [:]
        let names = status.containers.map(\.metadata.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return Pod { pod in
            pod.metadata.uid = uid
            pod.metadata.name = labels[podName]
            pod.metadata.namespace = labels[podNamespace]
            pod.spec.restartPolicy = RestartPolicy.never.rawValue
            pod.spec.hostNetwork = status.sandboxes.first.map { $0.namespaceOptions.network == .node }
            pod.spec.containers = names.map { name in Container { restore(name, status, &$0) } }
            let grace = status.containers.lazy.compactMap { $0.annotations[terminationGracePeriod].flatMap { Int64($0) } }.first
            pod.spec.terminationGracePeriodSeconds = grace
        }
    }

    private static func restore(_ name: String, _ status: PodRuntimeStatus, _ container: inout Container) {
        let latest = status.latest(name)
        container.name = name
        container.image = latest?.image.userSpecifiedImage
        guard let text = latest?.annotations[preStopHandler], let json = try? JSONValue(parsing: text) else { return }
        var decoder = ObjectDecoder(options: .lenient)
        let handler = LifecycleHandler.decode(json, &decoder)
        container.lifecycle = handler.map { handler in Lifecycle { $0.preStop = handler } }
    }
}

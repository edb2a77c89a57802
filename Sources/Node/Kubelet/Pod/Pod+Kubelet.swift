package import KubernetesAPI

package enum RestartPolicy: String, Sendable, Hashable { case always = "Always", onFailure = "OnFailure", never = "Never" }

extension Pod {
    package var uid: PodUID { metadata.uid ?? "" }
    package var name: String { metadata.name ?? "" }
    package var namespace: String { metadata.namespace ?? "default" }

    /// `name_namespace(uid)`, as messages name a pod.
    package var reference: String { "\(name)_\(namespace)(\(uid))" }

    package var restartPolicy: RestartPolicy { spec.restartPolicy.flatMap { RestartPolicy(rawValue: $0) } ?? .always }

    package var usesHostNetwork: Bool { spec.hostNetwork ?? false }

    /// It comes from a manifest of this machine.
    package var isStatic: Bool { ["file", "http"].contains(metadata.annotations[StaticPodIdentity.sourceAnnotation]) }

    package var isDeleted: Bool { metadata.deletionTimestamp != nil }

    /// With which time its containers are stopped.
    package var terminationGracePeriodSeconds: Int64 { spec.terminationGracePeriodSeconds ?? 30 }

    package var regularContainerNames: [String] { spec.containers.map(\.name) }

    /// Init containers that run beside the regular ones, by their order.
    package var sidecars: [Container] { spec.initContainers.filter(\.isSidecar) }

    /// Init containers that have to end before the next one starts.
    package var plainInitContainers: [Container] { spec.initContainers.filter { !$0.isSidecar } }

    package func container(named name: String) -> Container? {
        spec.containers.first { $0.name == name } ?? spec.initContainers.first { $0.name == name }
            ?? spec.ephemeralContainers.first { $0.name == name }.map { Container($0) }
    }

    package func isInitContainer(_ name: String) -> Bool { spec.initContainers.contains { $0.name == name } }

    /// `spec.containers{name}`, as events name a container.
    package func fieldPath(ofContainer name: String) -> String {
        "spec.\(isInitContainer(name) ? "initContainers" : isEphemeralContainer(name) ? "ephemeralContainers" : "containers"){\(name)}"
    }
}

extension Container {
    /// Of an init container: it is kept running beside the regular ones.
    package var isSidecar: Bool { restartPolicy == RestartPolicy.always.rawValue }

    /// The container's own policy, or else the pod's.
    package func effectiveRestartPolicy(in pod: Pod) -> RestartPolicy {
        restartPolicy.flatMap { RestartPolicy(rawValue: $0) } ?? pod.restartPolicy
    }
}

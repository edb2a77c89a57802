package import CRI
package import KubernetesAPI

/// What the runtime has of one pod.
package struct PodRuntimeStatus: Sendable, Hashable {
    /// Newest first.
    package var sandboxes: [PodSandboxStatus]
    /// All instances of all containers, newest first.
    package var containers: [RuntimeContainer]

    package init(sandboxes: [PodSandboxStatus] = [], containers: [RuntimeContainer] = []) {
        self.sandboxes = sandboxes.sorted {
            ($0.createdAt, $0.metadata.attempt) > ($1.createdAt, $1.metadata.attempt)
        }
        self.containers = containers.sorted { ($0.createdAt, $0.metadata.attempt) > ($1.createdAt, $1.metadata.attempt) }
    }

    /// The newest instance of a container.
    package func latest(_ name: String) -> RuntimeContainer? { containers.first { $0.metadata.name == name } }

    package func instances(_ name: String) -> [RuntimeContainer] { containers.filter { $0.metadata.name == name } }

    /// Whether a process of the pod may be there.
    package var mayRun: Bool { containers.contains { $0.state == .running || $0.state == .unknown } }

    package var running: [RuntimeContainer] { containers.filter { $0.state == .running || $0.state == .unknown } }

    package var isEmpty: Bool { sandboxes.isEmpty && containers.isEmpty }

    /// Ready, with its network.
    package func readySandbox(of pod: Pod) -> PodSandboxStatus? {
        sandboxes.first { $0.state == .ready && (pod.usesHostNetwork || !$0.network.ip.isEmpty) }
    }

    /// The pod's own addresses; empty with the host's network.
    package var podIPs: [String] {
        guard let network = sandboxes.first(where: { $0.state == .ready })?.network, !network.ip.isEmpty else { return [] }
        return [network.ip] + network.additionalIPs
    }
}

extension RuntimeContainer {
    package var isFailed: Bool { state == .exited && (exitCode != 0 || reason == "OOMKilled") || state == .unknown }
    package var hasSucceeded: Bool { state == .exited && exitCode == 0 && reason != "OOMKilled" }
}

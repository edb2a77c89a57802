package import KubernetesAPI

extension Pod {
    /// Containers that were added to the running pod, by `kubectl debug` for example. They run once and hold up nothing.
    package var ephemeralContainers: [Container] { spec.ephemeralContainers.map { Container($0) } }

    package func isEphemeralContainer(_ name: String) -> Bool { spec.ephemeralContainers.contains { $0.name == name } }

    /// The container whose processes an ephemeral one sees; nil: its own only.
    package func target(ofEphemeralContainer name: String) -> String? {
        spec.ephemeralContainers.first { $0.name == name }?.targetContainerName.flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension Container {
    /// All that an ephemeral container may have: no ports, probes, hooks, or resources of its own.
    package init(_ ephemeral: EphemeralContainer) {
        self.init {
            $0.name = ephemeral.name
            $0.image = ephemeral.image
            $0.imagePullPolicy = ephemeral.imagePullPolicy
            $0.command = ephemeral.command
            $0.args = ephemeral.args
            $0.workingDir = ephemeral.workingDir
            $0.env = ephemeral.env
            $0.envFrom = ephemeral.envFrom
            $0.volumeMounts = ephemeral.volumeMounts
            $0.volumeDevices = ephemeral.volumeDevices
            $0.securityContext = ephemeral.securityContext
            $0.stdin = ephemeral.stdin
            $0.stdinOnce = ephemeral.stdinOnce
            $0.tty = ephemeral.tty
            $0.terminationMessagePath = ephemeral.terminationMessagePath
            $0.terminationMessagePolicy = ephemeral.terminationMessagePolicy
        }
    }
}

package import CRI
internal import KubernetesAPI

extension ConfigBuilder {
    /// What a container's configuration needs beside the pod.
    package struct Start: Sendable {
        package var attempt: UInt32
        package var image: Image
        package var podIPs: [String]
        package var volumes: [String: HostVolume]
        package var supportsRecursiveReadOnly = true
        /// What the container's variables are made from.
        package var objects = ObjectSet()

        package init(attempt: UInt32, image: Image, podIPs: [String], volumes: [String: HostVolume]) {
            self.attempt = attempt
            self.image = image
            self.podIPs = podIPs
            self.volumes = volumes
        }
    }

    /// - Throws: `CreateContainerConfigError`: something is missing.
    package func environment(_ container: Container, _ start: Start) throws(StartFailure) -> ContainerEnvironment {
        try ContainerEnvironment(container, DownwardAPI(pod, podIPs: start.podIPs, configuration), start.objects)
    }

    /// - Throws: `CreateContainerConfigError`: the pod asks for what cannot be.
    package func container(_ container: Container, _ start: Start) throws(StartFailure) -> ContainerConfig {
        var image = ImageSpec(image: start.image.id)
        image.userSpecifiedImage = container.image ?? ""
        var config = ContainerConfig(metadata: ContainerMetadata(name: container.name, attempt: start.attempt), image: image)
        let environment = try environment(container, start)
        config.envs = environment.variables
        config.command = container.command.map { Expansion.expand($0) { environment[$0] } }
        config.args = container.args.map { Expansion.expand($0) { environment[$0] } }
        config.workingDir = container.workingDir ?? ""
        config.mounts = try mounts(
            container, attempt: start.attempt, start.volumes, environment,
            supportsRecursiveReadOnly: start.supportsRecursiveReadOnly)
        config.labels = RuntimeLabels.container(container.name, pod, owner: configuration.ownerLabels)
        config.annotations = RuntimeLabels.annotations(container, pod, restartCount: start.attempt)
        config.logPath = paths.logFile(container.name, attempt: start.attempt)
        config.stdin = container.stdin ?? false
        config.stdinOnce = container.stdinOnce ?? false
        config.tty = container.tty ?? false
        config.resources = LinuxContainerResources(container, in: pod, configuration)
        config.securityContext = try LinuxContainerSecurityContext(
            container, in: pod, image: ImageUser(uid: start.image.uid, name: start.image.username), user: userNamespace, configuration)
        config.stopSignal = container.lifecycle?.stopSignal.flatMap { StopSignal.number($0) }
        return config
    }
}

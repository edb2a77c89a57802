package import CRI
internal import Cgroups
internal import ImageStore
internal import LinuxSystem

extension NativeRuntime {
    package func createContainer(
        sandbox id: String, _ config: ContainerConfig, _ sandboxConfig: PodSandboxConfig
    ) async throws(RuntimeError) -> String {
        try await verb("create container \(config.metadata.name) of pod \(sandboxConfig.metadata.namespace)/\(sandboxConfig.metadata.name)") {
            try await blocking { [self] in try makeContainer(in: try sandbox(id), config) }
        }
    }

    private func makeContainer(in sandbox: Sandbox, _ config: ContainerConfig) throws -> String {
        guard sandbox.isReady else { throw RuntimeError(.failedPrecondition, "sandbox \(sandbox.id) is not ready") }
        guard let image = try images.image(config.image.image) else {
            throw RuntimeError(.notFound, "image \"\(config.image.image)\" is not in the image store")
        }
        let id = Identifier.make()
        // Before anything is made: most of what can be wrong is wrong here.
        let imageConfig = imageCache.configuration(image)
        let user = try imageCache.user(try ContainerSpecResolver.userLookup(config, image: imageConfig), in: image)
        let spec = try resolver(config, sandbox, imageConfig, user).resolve(config)
        let snapshot = try images.prepareSnapshot(id: id, image: image)
        do {
            let facts = ImageFacts(
                id: image.id.description, reference: image.reference, config: imageConfig, user: user, root: RootFileSystem(snapshot))
            let record = ContainerRecord(
                id: id, sandboxID: sandbox.id, config: config, image: facts, createdAt: KernelClock.realtimeNanoseconds)
            try chownRoot(snapshot, sandbox)
            try StateFiles.write(record, to: sandbox.layout.container(id))
            let container = Container(record: record, sandbox: sandbox, spec: spec)
            guard sandbox.add(container) else {
                throw RuntimeError(.failedPrecondition, "sandbox \(sandbox.id) was stopped meanwhile")
            }
            registry.add(container)
            return id
        } catch {
            _ = try? Files.remove(sandbox.layout.container(id))
            try? images.removeSnapshot(id: id)
            throw error
        }
    }

    /// What decides how a configuration turns out on this machine, with this image, in this sandbox.
    func resolver(
        _ config: ContainerConfig, _ sandbox: Sandbox, _ image: ContainerSpecResolver.Image, _ user: UserFacts
    ) throws -> ContainerSpecResolver {
        var host = ContainerSpecResolver.Host()
        host.availableCapabilities = machine.capabilities
        host.thermalPaths = machine.thermalPaths
        try HostInspection.add(config, to: &host)
        var pod = ContainerSpecResolver.Sandbox(
            hostname: sandbox.config.hostname, namespaces: sandbox.config.linux.securityContext.namespaceOptions)
        pod.hostnamePath = sandbox.layout.hostname
        pod.resolvConfPath = sandbox.config.dns == nil ? nil : sandbox.layout.resolvConf
        pod.sharedMemoryPath = sandbox.sharedMemoryPath
        return ContainerSpecResolver(
            image: image, user: user, sandbox: pod, host: host, resourceLimits: configuration.resourceLimits)
    }

    /// The writable layer's root is the container's `/`: inside a user namespace it must belong to the pod's root.
    private func chownRoot(_ snapshot: Snapshot, _ sandbox: Sandbox) throws(SystemError) {
        guard let user = sandbox.config.linux.securityContext.namespaceOptions.user else { return }
        guard let uid = user.uids.first(where: { $0.containerID == 0 })?.hostID else { return }
        try StateFiles.changeOwner(of: snapshot.upperDirectory, to: uid)
    }
}

extension StoredImage {
    /// A repository digest when it has one, else the id.
    var reference: String { repoDigests.first?.description ?? id.description }
}

extension RootFileSystem {
    init(_ snapshot: Snapshot) {
        self.init(
            lowerDirectories: snapshot.lowerDirectories, upperDirectory: snapshot.upperDirectory, workDirectory: snapshot.workDirectory)
    }
}

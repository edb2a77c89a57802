package import CRI
internal import Cgroups
internal import ImageStore
internal import LinuxSystem

extension NativeRuntime {
    package func createContainer(
        sandbox id: String, _ config: ContainerConfig, _ sandboxConfig: PodSandboxConfig
    ) async throws(RuntimeError) -> String {
        try await verb("create container \(config.metadata.name) of pod \(sandboxConfig.metadata.namespace)/\(sandboxConfig.metadata.name)")
        {
            try await blocking { [self] in try makeContainer(in: try sandbox(id), config) }
        }
    }

    private func makeContainer(in sandbox: Sandbox, _ config: ContainerConfig) throws -> String {
        guard sandbox.isReady else { throw RuntimeError(.failedPrecondition, "sandbox \(sandbox.id) is not ready") }
        guard let image = try images.image(config.image.image) else {
            throw RuntimeError(.notFound, "image \"\(config.image.image)\" is not in the image store")
        }
        let id = Identifier.make()
        do {
            let container = try makeContainer(id, in: sandbox, config, image)
            guard sandbox.add(container) else {
                throw RuntimeError(.failedPrecondition, "sandbox \(sandbox.id) was stopped meanwhile")
            }
            registry.add(container)
            return id
        } catch {
            _ = try? Files.remove(sandbox.layout.container(id))
            for snapshot in ContainerRecord.snapshotIDs(id, config) { try? images.removeSnapshot(id: snapshot) }
            throw error
        }
    }

    private func makeContainer(_ id: String, in sandbox: Sandbox, _ config: ContainerConfig, _ image: StoredImage) throws -> Container {
        // Before anything is made: most of what can be wrong is wrong here.
        let imageConfig = imageCache.configuration(image)
        let user = try imageCache.user(try ContainerSpecResolver.userLookup(config, image: imageConfig), in: image)
        let mounted = try mountedImages(id, config)
        let spec = try resolver(config, sandbox, imageConfig, user, mounted).resolve(config)
        let snapshot = try images.prepareSnapshot(id: id, image: image)
        try chownRoot(snapshot, sandbox)
        let facts = ImageFacts(
            id: image.id.description, reference: image.reference, config: imageConfig, user: user, root: RootFileSystem(snapshot),
            mounted: mounted)
        let record = ContainerRecord(
            id: id, sandboxID: sandbox.id, config: config, image: facts, createdAt: KernelClock.realtimeNanoseconds)
        try StateFiles.write(record, to: sandbox.layout.container(id))
        return Container(record: record, sandbox: sandbox, spec: spec)
    }

    /// The layers of images that are mounted as volumes. Each gets a snapshot, so that it stays in the store as long as the container.
    private func mountedImages(_ id: String, _ config: ContainerConfig) throws -> [String: [String]] {
        var layers: [String: [String]] = [:]
        for (name, snapshot) in ContainerRecord.imageSnapshots(id, config) {
            guard let image = try images.image(name) else {
                throw RuntimeError(.notFound, "image \"\(name)\" to be mounted is not in the image store")
            }
            layers[name] = try images.prepareSnapshot(id: snapshot, image: image).lowerDirectories
        }
        return layers
    }

    /// What decides how a configuration turns out on this machine, with this image, in this sandbox.
    func resolver(
        _ config: ContainerConfig, _ sandbox: Sandbox, _ image: ContainerSpecResolver.Image, _ user: UserFacts,
        _ mountedImages: [String: [String]]
    ) throws -> ContainerSpecResolver {
        var host = ContainerSpecResolver.Host()
        host.availableCapabilities = machine.capabilities
        host.thermalPaths = machine.thermalPaths
        try HostInspection.add(config, to: &host)
        host.images = mountedImages
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

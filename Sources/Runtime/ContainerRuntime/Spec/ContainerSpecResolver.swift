package import CRI
internal import Cgroups
package import LinuxSystem

/// Turns what the kubelet asks for, the image says and the sandbox is into a `ContainerSpec`. Touches nothing; what it has to know of the
/// machine is handed in.
package struct ContainerSpecResolver: Sendable {
    /// What of the image's configuration counts (OCI image-spec, config.md).
    package struct Image: Codable, Sendable, Hashable {
        package var entrypoint: [String] = []
        package var cmd: [String] = []
        package var environment: [String] = []
        package var workingDirectory = ""
        package var user = ""
        package var volumes: [String] = []
        /// A number or a name with or without `SIG`; empty for none.
        package var stopSignal = ""
        package init() {}
    }

    /// What of the machine counts.
    package struct Host: Sendable, Hashable {
        /// What a container can have at most.
        package var availableCapabilities = CapabilitySet.all
        /// Paths below /sys/devices that are masked along with the others where masking is on.
        package var thermalPaths: [String] = []
        /// By the path that the configuration names; several for a directory.
        package var devices: [String: [DeviceNode]] = [:]
        /// For privileged containers.
        package var allDevices: [DeviceNode] = []
        /// Which mount sources (`Mount.hostPath` with `subPath`) are directories; a source that is missing here does not exist.
        package var mountSources: [MountSourceKey: Bool] = [:]
        /// The layers of images that are mounted, uppermost first, by `Mount.image`.
        package var images: [String: [String]] = [:]
        package init() {}
    }

    package struct MountSourceKey: Sendable, Hashable {
        package var path: String
        package var subPath: String
        package init(path: String, subPath: String) {
            self.path = path
            self.subPath = subPath
        }
    }

    /// What of the sandbox counts.
    package struct Sandbox: Sendable, Hashable {
        package var hostname: String
        package var namespaces: NamespaceOption
        package var resolvConfPath: String?
        package var hostnamePath: String?
        /// What `/dev/shm` shows, when it is a path of the machine; nil: the plan is given a mount.
        package var sharedMemoryPath: String?

        package init(hostname: String, namespaces: NamespaceOption) {
            self.hostname = hostname
            self.namespaces = namespaces
        }
    }

    package var image: Image
    /// Who `userLookup` is in the image.
    package var user: UserFacts
    package var sandbox: Sandbox
    package var host: Host
    /// The same for every container; CRI has no field for them.
    package var resourceLimits: [ResourceLimit]

    package init(
        image: Image, user: UserFacts, sandbox: Sandbox, host: Host = Host(), resourceLimits: [ResourceLimit] = []
    ) {
        self.image = image
        self.user = user
        self.sandbox = sandbox
        self.host = host
        self.resourceLimits = resourceLimits
    }

    /// What has to be looked up in the image's own /etc/passwd and /etc/group: `uid`, `name`, `user:group`; empty is root.
    package static func userLookup(_ config: ContainerConfig, image: Image) throws(SpecError) -> String {
        try UserResolver.lookup(config.securityContext, imageUser: image.user)
    }

    package func resolve(_ config: ContainerConfig) throws(SpecError) -> ContainerSpec {
        if case .localhost(let profile)? = config.securityContext.appArmor {
            throw SpecError("AppArmor profile \(profile): this runtime does not load AppArmor profiles")
        }
        var spec = ContainerSpec(process: try process(config))
        spec.namespaces = try namespaces(config)
        spec.isRootReadOnly = config.securityContext.readonlyRootfs
        spec.mounts = try mounts(config, spec.namespaces)
        spec.imageVolumes = try imageVolumes(besides: spec.mounts)
        (spec.devices, spec.deviceRules) = try DeviceResolver.resolve(
            config, hostDevices: host.devices, allHostDevices: host.allDevices)
        (spec.maskedPaths, spec.readonlyPaths) = protectedPaths(config.securityContext)
        spec.resources = try CgroupResources(config.resources)
        // One process of a container killed for want of memory leaves a cripple: the kubelet's default is all or none.
        spec.resources.memoryOOMGroup = true
        spec.stopSignal = if let signal = config.stopSignal { signal } else { try StopSignal.parse(image.stopSignal) }
        return spec
    }

    private func process(_ config: ContainerConfig) throws(SpecError) -> ProcessSpec {
        let context = config.securityContext
        let user = try UserResolver.resolve(context, user)
        var process = ProcessSpec(
            arguments: try CommandResolver.arguments(config, entrypoint: image.entrypoint, cmd: image.cmd),
            environment: try CommandResolver.environment(
                config, image: image.environment, hostname: sandbox.hostname, home: user.home))
        process.workingDirectory = try CommandResolver.workingDirectory(config, image: image.workingDirectory)
        process.user = user
        process.capabilities = try CapabilityResolver.resolve(context, available: host.availableCapabilities)
        process.noNewPrivileges = context.noNewPrivs
        process.seccomp = context.privileged ? .unconfined : context.seccomp
        process.resourceLimits = resourceLimits
        process.oomScoreAdjust = try oomScore(config.resources.oomScoreAdj)
        process.hasTerminal = config.tty
        return process
    }

    private func oomScore(_ value: Int64) throws(SpecError) -> Int32 {
        guard (-1000...1000).contains(value) else { throw SpecError("oom_score_adj \(value): must be -1000 to 1000") }
        return Int32(value)
    }

    private func namespaces(_ config: ContainerConfig) throws(SpecError) -> ContainerNamespaces {
        let wanted = config.securityContext.namespaceOptions
        var namespaces = ContainerNamespaces()
        switch wanted.pid {
        case .container: namespaces.pid = .own
        case .pod: namespaces.pid = .pod
        case .node: namespaces.pid = .host
        case .target:
            guard !wanted.targetID.isEmpty else { throw SpecError("pid namespace of a target container: no target is named") }
            namespaces.pid = .container(wanted.targetID)
        }
        // Network, IPC and user namespaces belong to the pod: the sandbox decides, whatever the container's own copy says.
        namespaces.joinsPodNetwork = sandbox.namespaces.network != .node
        namespaces.joinsPodUTS = sandbox.namespaces.network != .node
        namespaces.joinsPodIPC = sandbox.namespaces.ipc != .node
        namespaces.joinsPodUser = sandbox.namespaces.user != nil
        namespaces.ownsCgroup = !config.securityContext.privileged
        return namespaces
    }

    private func mounts(_ config: ContainerConfig, _ namespaces: ContainerNamespaces) throws(SpecError) -> [MountSpec] {
        var files = MountResolver.PodFiles(resolvConf: sandbox.resolvConfPath, hostname: sandbox.hostnamePath)
        files.sharedMemory = MountSpec(
            target: "/dev/shm", source: .bind(.init(path: sandbox.sharedMemoryPath ?? "")), attributes: [.noSUID, .noDevices, .noExecute])
        return try MountResolver.resolve(config, files, namespaces: namespaces, imageLayers: host.images) { mount throws(SpecError) in
            let key = MountSourceKey(path: mount.hostPath, subPath: mount.subPath)
            guard let isDirectory = host.mountSources[key] else {
                throw SpecError("mount \(mount.containerPath): host path \(mount.hostPath) does not exist")
            }
            return isDirectory
        }
    }

    private func imageVolumes(besides mounts: [MountSpec]) throws(SpecError) -> [String] {
        let targets = Set(mounts.map(\.target))
        return try image.volumes.map { path throws(SpecError) in try MountResolver.normalized(path) }
            .filter { !targets.contains($0) }.sorted()
    }

    private func protectedPaths(_ context: LinuxContainerSecurityContext) -> (masked: [String], readonly: [String]) {
        guard !context.privileged else { return ([], []) }
        let thermal = context.maskedPaths.isEmpty ? [] : host.thermalPaths
        return (context.maskedPaths + thermal, context.readonlyPaths)
    }
}

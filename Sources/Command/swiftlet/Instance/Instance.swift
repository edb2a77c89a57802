internal import CRI
internal import Cgroups
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import LinuxSystem

/// An instance opened by this process: its directories, its runtime, and what the node agent needs from the machine.
struct Instance: ~Copyable {
    let runtime: NativeRuntime
    let records: PodRecords
    let cgroups: NodeCgroups
    let dataDirectory: String
    let runDirectory: String
    let nodeName: String
    private let lock: InstanceLock

    enum Purpose {
        /// Starts pods of its own.
        case run
        /// The daemon: also takes over what an earlier one has left.
        case agent
        /// Ends what there is.
        case tearDown
    }

    /// Opens the instance, makes its directories, and clears away what a crash has left if nobody else works here.
    static func open(_ options: InstanceOptions, for purpose: Purpose) async throws -> Instance {
        try Privilege.requireRoot()
        Machine.raiseDescriptorLimit()
        let runDirectory = options.absoluteRunDirectory
        let dataDirectory = options.absoluteDataDirectory
        for directory in [dataDirectory, runDirectory] { try Files.makeDirectories(directory, mode: 0o711) }
        let records = PodRecords(runDirectory: runDirectory)
        try records.prepare()
        let lock = try InstanceLock.take(runDirectory: runDirectory)
        let configuration = try configuration(options, poolSize: purpose == .agent ? 4 : 0)
        let runtime = try NativeRuntime(configuration: configuration)
        if lock.isAlone || purpose != .run {
            try await runtime.recover(clearing: lock.isAlone)
        } else {
            try await runtime.prepare()
        }
        let isAlone = lock.isAlone
        lock.share()
        let instance = Instance(
            runtime: runtime, records: records,
            cgroups: NodeCgroups(
                hierarchy: configuration.cgroups, root: configuration.cgroups.absolutePath(root: configuration.cgroupRoot)),
            dataDirectory: dataDirectory, runDirectory: runDirectory,
            nodeName: options.nodeName ?? Machine.hostname, lock: lock)
        if isAlone, purpose != .tearDown { try await Orphans.clear(instance) }
        return instance
    }

    /// The runtime alone, to look at or enter what other processes drive.
    static func observe(_ options: InstanceOptions) throws -> NativeRuntime {
        try NativeRuntime(configuration: try configuration(options, poolSize: 0))
    }

    private static func configuration(_ options: InstanceOptions, poolSize: Int) throws -> RuntimeConfiguration {
        let hierarchy: CgroupHierarchy
        do {
            hierarchy = try CgroupHierarchy.find()
        } catch {
            throw EnvironmentError(problem: "\(error)", mend: "mount -t cgroup2 none /sys/fs/cgroup")
        }
        let name = InstanceName.derive(runDirectory: options.absoluteRunDirectory)
        var configuration = RuntimeConfiguration(
            dataDirectory: options.absoluteDataDirectory, runDirectory: options.absoluteRunDirectory, instance: name,
            cgroups: hierarchy, cgroupRoot: options.cgroupRoot ?? "\(hierarchy.defaultRoot())/\(name)",
            supervisorExecutable: try supervisorPath(),
            network: .init(podCIDRs: [options.podCIDR], poolSize: poolSize))
        configuration.network?.masquerade = options.masquerade
        configuration.report = { Output.warn("swiftlet: \($0)") }
        return configuration
    }

    /// Beside this program as the build leaves it, or below `libexec` as `make install` does.
    private static func supervisorPath() throws -> String {
        let folder = Machine.programFolder
        let candidates = ["\(folder)/swiftlet-supervisor", "\(folder)/../libexec/swiftlet/swiftlet-supervisor"]
        guard let found = candidates.first(where: { unsafe access($0, X_OK) == 0 }) else {
            throw EnvironmentError(
                problem: "no swiftlet-supervisor in \(candidates.joined(separator: " or "))", mend: "run make install")
        }
        return found
    }
}

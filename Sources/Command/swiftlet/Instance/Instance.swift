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
    let registries: RegistryFiles
    let dataDirectory: String
    let runDirectory: String
    let nodeName: String
    let podCIDR: String
    /// Found while this process was alone; nil when it was not.
    private(set) var abandoned: AbandonedPods?
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
    static func open(
        _ place: InstancePlace, for purpose: Purpose, registries: RegistryFiles = .init(), logs: RuntimeConfiguration.LogPolicy = .init()
    ) async throws -> Instance {
        try Privilege.requireRoot()
        Machine.raiseDescriptorLimit()
        let (dataDirectory, runDirectory) = (place.dataDirectory, place.runDirectory)
        for directory in [dataDirectory, runDirectory] { try Files.makeDirectories(directory, mode: 0o711) }
        let records = PodRecords(runDirectory: runDirectory)
        try records.prepare()
        let lock = try InstanceLock.take(runDirectory: runDirectory)
        if lock.isAlone { try records.removeDrafts() }
        var configuration = try configuration(place)
        configuration.log = logs
        // What ends pods shall not fail for a file that only matters to those that begin.
        if purpose != .tearDown { configuration.registries = try registries.configuration(dataDirectory: dataDirectory) }
        if purpose == .agent { configuration.keepSpares() }
        let runtime = try NativeRuntime(configuration: configuration)
        if lock.isAlone || purpose != .run {
            try await runtime.recover(clearing: lock.isAlone, willStart: purpose != .tearDown)
        } else {
            try await runtime.prepare()
        }
        let isAlone = lock.isAlone
        var instance = Instance(
            runtime: runtime, records: records,
            cgroups: NodeCgroups(
                hierarchy: configuration.cgroups, root: configuration.cgroups.absolutePath(root: configuration.cgroupRoot)),
            registries: registries, dataDirectory: dataDirectory, runDirectory: runDirectory,
            nodeName: place.nodeName, podCIDR: place.podCIDR, lock: lock)
        if isAlone, purpose == .agent { instance.abandoned = try await AbandonedPods.find(instance) }
        instance.lock.share()
        if isAlone, purpose != .tearDown { try await Orphans.clear(instance) }
        return instance
    }

    /// Whether anything is there that `tearDown` of an instance's runtime would remove. Makes nothing.
    static func hasRemains(_ place: InstancePlace) throws -> Bool {
        try NativeRuntime.hasRemains(try configuration(place))
    }

    /// The runtime alone, to look at or enter what other processes drive.
    static func observe(_ place: InstancePlace) throws -> NativeRuntime {
        try NativeRuntime(configuration: try configuration(place))
    }

    private static func configuration(_ place: InstancePlace) throws -> RuntimeConfiguration {
        let hierarchy: CgroupHierarchy
        do {
            hierarchy = try CgroupHierarchy.find()
        } catch {
            throw EnvironmentError(problem: "\(error)", mend: "mount -t cgroup2 none /sys/fs/cgroup")
        }
        let name = InstanceName.derive(runDirectory: place.runDirectory)
        var configuration = RuntimeConfiguration(
            dataDirectory: place.dataDirectory, runDirectory: place.runDirectory, instance: name,
            cgroups: hierarchy, cgroupRoot: place.cgroupRoot ?? "\(hierarchy.defaultRoot())/\(name)",
            supervisorExecutable: try supervisorPath(),
            network: .init(podCIDRs: [place.podCIDR]))
        configuration.resourceLimits = Machine.containerLimits
        configuration.network?.masquerade = place.masquerade
        configuration.network?.clusterCIDRs = place.clusterCIDRs
        configuration.network?.mtu = place.mtu
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

import CRI
import Cgroups
import Glibc
import ImageStore
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// A runtime of its own directories, cgroup root and pod network, with the image `busybox` in its store.
///
/// Every test calls `expectClean` at its end: it tears everything down and checks that the machine is as it was before.
final class RuntimeFixture: Sendable {
    let root: BusyboxRoot
    let configuration: RuntimeConfiguration
    let runtime: NativeRuntime
    private let before: MachineState

    static var supervisor: String {
        let own = (try? Files.linkTarget("/proc/self/exe")) ?? ""
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/swiftlet-supervisor"
    }
    static var isPossible: Bool { BusyboxRoot.isAvailable && Files.exists(supervisor) }

    init(hasNetwork: Bool = false, poolSize: Int = 0) async throws {
        before = try MachineState.read()
        root = try BusyboxRoot()
        let number = UInt16.random(in: 0 ... .max)
        let cgroups = try CgroupHierarchy.find()
        var configuration = RuntimeConfiguration(
            dataDirectory: "\(root.directory)/data", runDirectory: "\(root.directory)/run", instance: "test-\(getpid())-\(number)",
            cgroups: cgroups, cgroupRoot: "\(cgroups.mountPoint)/swiftlet-test-\(getpid())-\(number)", supervisorExecutable: Self.supervisor
        )
        if hasNetwork {
            configuration.network = .init(podCIDRs: ["10.\(160 + number % 64).\(number >> 8).0/24"], poolSize: poolSize)
            configuration.network?.masquerade = false  // not every test machine has nftables
        }
        self.configuration = configuration
        runtime = try NativeRuntime(configuration: configuration)
        try await runtime.recover()
        try runtime.images.importImage(from: root.rootfs, as: ImageReference("busybox"))
    }

    /// A second instance on the same directories, as after a restart of the daemon.
    func restarted() async throws -> NativeRuntime {
        let again = try NativeRuntime(configuration: configuration)
        try await again.recover()
        return again
    }

    func pod(_ name: String = "pod", _ change: (inout PodSandboxConfig) -> Void = { _ in }) -> PodSandboxConfig {
        var config = PodSandboxConfig(metadata: PodSandboxMetadata(name: name, uid: "uid-\(name)", namespace: "default"))
        config.hostname = name
        config.logDirectory = "\(root.directory)/logs/\(name)"
        config.linux.cgroupParent = "/kubepods/besteffort/poduid-\(name)"
        if configuration.network == nil { config.linux.securityContext.namespaceOptions.network = .node }
        change(&config)
        return config
    }

    func container(_ command: [String], _ change: (inout ContainerConfig) -> Void = { _ in }) -> ContainerConfig {
        var config = ContainerConfig(metadata: ContainerMetadata(name: "main"), image: ImageSpec(image: "busybox"))
        config.command = command
        config.logPath = "main/0.log"
        config.securityContext.seccomp = .runtimeDefault
        config.securityContext.maskedPaths = ["/proc/keys", "/proc/timer_list", "/sys/firmware"]
        config.securityContext.readonlyPaths = ["/proc/sys", "/proc/sysrq-trigger"]
        change(&config)
        return config
    }

    /// Creates and starts a container.
    func start(_ command: [String], in sandbox: String, _ pod: PodSandboxConfig, _ change: (inout ContainerConfig) -> Void = { _ in })
        async throws -> String
    {
        let id = try await runtime.createContainer(sandbox: sandbox, container(command, change), pod)
        try await runtime.startContainer(id)
        return id
    }

    /// Runs a container to its end.
    func run(_ command: [String], _ change: (inout ContainerConfig) -> Void = { _ in }) async throws -> (
        status: ContainerStatus, log: String
    ) {
        let pod = pod("run-\(UInt32.random(in: 0 ... .max))")
        let sandbox = try await runtime.runPodSandbox(pod)
        let id = try await start(command, in: sandbox, pod, change)
        let status = try await ended(id)
        let log = try self.log(status)
        try await runtime.removePodSandbox(sandbox)
        return (status, log)
    }

    /// Waits until a container has ended.
    func ended(_ id: String, of other: NativeRuntime? = nil) async throws -> ContainerStatus {
        let runtime = other ?? runtime
        guard let container = runtime.registry.container(id) else { throw SpecError("no container \(id)") }
        guard await container.ended.wait(timeout: .seconds(20)) else { throw SpecError("container \(id) did not end in time") }
        return container.status
    }

    /// The output lines of a container, without times and streams.
    func log(_ status: ContainerStatus) throws -> String {
        try Files.readText(status.logPath).split(separator: "\n").map { line in
            line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3).joined(separator: " ") + "\n"
        }.joined()
    }

    /// Removes everything; what is left on the machine then is an issue.
    func expectClean(_ last: NativeRuntime? = nil, _ location: SourceLocation = #_sourceLocation) async throws {
        _ = try await (last ?? runtime).tearDown()
        let left = try await before.difference(ignoring: configuration)
        #expect(left == [], sourceLocation: location)
    }
}

import CRI
import Cgroups
import Glibc
import LinuxSystem

@testable import ContainerRuntime

/// A container started from its plan alone, by this process: without supervisor, image store or network.
final class PlannedContainer {
    let root: BusyboxRoot
    let pid: Int32
    let pidfd: OwnedFD
    let adjustments: [SpawnAdjustment]
    let output: OwnedFD
    private let cgroup: TestCgroup

    /// - Parameter change: Of the resolved spec, before it becomes a plan.
    init(
        _ config: ContainerConfig, resolver: ContainerSpecResolver = makeResolver(), root: BusyboxRoot,
        change: (inout ContainerPlanBuilder) -> Void = { _ in }
    ) throws {
        self.root = root
        var spec = try resolver.resolve(config)
        spec.namespaces.joinsPodNetwork = false
        spec.namespaces.joinsPodIPC = false
        spec.namespaces.joinsPodUTS = false
        spec.mounts.removeAll { $0.target == "/dev/shm" }
        var builder = ContainerPlanBuilder(
            spec: spec,
            root: RootFileSystem(
                lowerDirectories: [root.rootfs], upperDirectory: try root.makeDirectory("upper"),
                workDirectory: try root.makeDirectory("work")))
        builder.seccomp =
            spec.process.seccomp == .runtimeDefault ? try .runtimeDefault(capabilities: spec.process.capabilities.bounding) : nil
        builder.hasLayerOptions = Machine.inspect().hasLayerOptions
        builder.rootMountPoint = try root.makeDirectory("root")
        change(&builder)
        let prepared = builder.build()
        cgroup = try TestCgroup()
        let pipe = try OwnedFD.pipe()
        output = try pipe.read.duplicate()
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        do {
            let spawned = try LinuxSystem.spawn(
                try prepared.plan.encoded(),
                descriptors: [cgroup.cgroup.directory.rawValue, null, pipe.write.rawValue, pipe.write.rawValue])
            pid = spawned.pid
            pidfd = try spawned.pidfd.duplicate()
            adjustments = spawned.adjustments
        } catch let failure as SpawnFailure {
            throw SpecError(SpawnTranslation.message(failure, prepared.plan, spec.process.arguments[0]))
        }
        try waitForProgram()
    }

    /// The spawner goes on as soon as execve(2) has taken the new memory; the new identity and then the arguments come a moment later in the
    /// same call. Until then the arguments are this process's, or empty; so are those of a program that has ended.
    private func waitForProgram() throws {
        let own = try Files.read("/proc/self/cmdline")
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let arguments = try Files.read("/proc/\(pid)/cmdline")
            if !arguments.isEmpty, arguments != own { return }
            if arguments.isEmpty, try Files.readText("/proc/\(pid)/stat").contains(") Z ") { return }
            guard ContinuousClock.now < deadline else { throw SpecError("the program does not begin") }
            sched_yield()
        }
    }

    /// Waits for the end and takes everything that was written.
    func finish() throws -> (end: ProcessEnd, text: String) {
        let bytes = try output.readToEnd()
        return (try pidfd.waitForExit(), String(decoding: bytes, as: UTF8.self))
    }

    deinit {
        _ = try? pidfd.send(signal: SIGKILL)
        _ = try? pidfd.waitForExit()
    }
}

/// A cgroup for one test, directly below the top.
final class TestCgroup {
    let cgroup: Cgroup
    private let name: String

    init() throws {
        name = "swiftlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        cgroup = try Cgroup(opening: try CgroupHierarchy.find().mountPoint).createChild(name)
    }

    deinit {
        let parent = cgroup.path.dropLast(name.utf8.count + 1)
        _ = try? Cgroup(opening: String(parent)).destroyChild(name)
    }
}

/// Runs one command in a planned container to its end.
func runPlanned(
    _ command: [String], resolver: ContainerSpecResolver = makeResolver(), root: BusyboxRoot? = nil,
    _ change: (inout ContainerConfig) -> Void = { _ in }
) throws -> (end: ProcessEnd, text: String) {
    let config = makeConfig {
        $0.command = command
        $0.securityContext.maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"]
        $0.securityContext.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        $0.securityContext.seccomp = .runtimeDefault
        change(&$0)
    }
    return try PlannedContainer(config, resolver: resolver, root: try root ?? BusyboxRoot()).finish()
}

import CRI
import Cgroups
import ContainerRuntime
import Glibc

/// One runtime and what is measured of it. Every section removes what it has made.
struct RuntimeBench {
    let runtime: NativeRuntime
    private let clock = ContinuousClock()
    /// Rounds before those that count.
    private static let warmUp = 5

    /// - Parameter keepsSpares: As a daemon does; what fills the pools in the background would be taken for the cost of a container or an exec.
    init(supervisor: String, dataDirectory: String, runDirectory: String, keepsSpares: Bool) async throws {
        let hierarchy = try CgroupHierarchy.find()
        var configuration = RuntimeConfiguration(
            dataDirectory: dataDirectory, runDirectory: runDirectory, instance: "bench", cgroups: hierarchy,
            cgroupRoot: "\(hierarchy.defaultRoot())/bench", supervisorExecutable: supervisor,
            network: .init(podCIDRs: ["10.97.0.0/16"]))
        if keepsSpares { configuration.keepSpares() }
        configuration.report = { line in
            let text = Array("swiftlet-bench: \(line)\n".utf8)
            _ = write(2, text, text.count)
        }
        runtime = try NativeRuntime(configuration: configuration)
        try await runtime.recover()
    }

    // MARK: - What is run

    private func sandboxConfig(_ number: Int) -> PodSandboxConfig {
        var config = PodSandboxConfig(metadata: PodSandboxMetadata(name: "p\(number)", uid: "bench-\(number)", namespace: "bench"))
        config.hostname = "p\(number)"
        config.linux.cgroupParent = "kubepods/besteffort/podbench-\(number)"
        return config
    }

    private func containerConfig(_ command: [String], image: String = "busybox") -> ContainerConfig {
        var config = ContainerConfig(metadata: ContainerMetadata(name: "c"), image: ImageSpec(image: image))
        config.command = command
        config.securityContext.seccomp = .runtimeDefault
        config.securityContext.noNewPrivs = true
        config.securityContext.maskedPaths = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"]
        config.securityContext.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        config.resources.oomScoreAdj = 1000
        return config
    }

    private func waitForExit(_ id: String, _ events: inout AsyncStream<ContainerEvent>.Iterator) async throws {
        while let event = await events.next() {
            if case .exited(let container, _, _) = event, container == id { return }
        }
    }

    // MARK: - Sections

    func containers(_ count: Int) async throws {
        let config = sandboxConfig(0)
        let sandbox = try await runtime.runPodSandbox(config)
        var events = runtime.events().makeAsyncIterator()
        var (start, life) = (Samples(), Samples())
        for round in -Self.warmUp..<count {
            let began = clock.now
            let id = try await runtime.createContainer(sandbox: sandbox, containerConfig(["true"]), config)
            try await runtime.startContainer(id)
            let running = clock.now
            try await waitForExit(id, &events)
            try await runtime.removeContainer(id)
            if round >= 0 {
                start.add(began.duration(to: running))
                life.add(began.duration(to: clock.now))
            }
        }
        // Without spares it shares with nobody.
        report("supervisor.pss.alone", try Memory.medianProportionalBytes(ofProcesses: "swiftlet-super"))
        try await remove([sandbox])
        start.report("container.start")
        life.report("container.life")
    }

    /// - Returns: The sandbox, with its one container running.
    private func startPod(_ number: Int, _ command: [String]) async throws -> String {
        let config = sandboxConfig(number)
        let sandbox = try await runtime.runPodSandbox(config)
        let id = try await runtime.createContainer(sandbox: sandbox, containerConfig(command), config)
        try await runtime.startContainer(id)
        return sandbox
    }

    private func remove(_ sandboxes: [String]) async throws {
        for sandbox in sandboxes {
            try await runtime.stopPodSandbox(sandbox)
            try await runtime.removePodSandbox(sandbox)
        }
        await runtime.drainCleanup()
    }

    func pods(_ count: Int) async throws {
        var (start, stop, gone) = (Samples(), Samples(), Samples())
        for round in -Self.warmUp..<count {
            let began = clock.now
            let sandbox = try await startPod(round + Self.warmUp, ["sleep", "1000"])
            let running = clock.now
            try await runtime.stopPodSandbox(sandbox)
            try await runtime.removePodSandbox(sandbox)
            let told = clock.now
            await runtime.drainCleanup()
            guard round >= 0 else { continue }
            start.add(began.duration(to: running))
            stop.add(running.duration(to: told))
            gone.add(told.duration(to: clock.now))
        }
        start.report("pod.start")
        stop.report("pod.stop")
        gone.report("pod.gone")
    }

    func parallelPods(_ count: Int, inFlight: Int) async throws {
        let began = clock.now
        let sandboxes = try await withThrowingTaskGroup(of: String.self) { group in
            var sandboxes: [String] = []
            for number in 0..<count {
                if number >= inFlight, let one = try await group.next() { sandboxes.append(one) }
                group.addTask { try await startPod(number, ["sleep", "1000"]) }
            }
            for try await one in group { sandboxes.append(one) }
            return sandboxes
        }
        let seconds = began.duration(to: clock.now) / .seconds(1)
        report("parallel.rate", Double(count) / seconds)
        try await remove(sandboxes)
    }

    func execs(_ count: Int) async throws {
        let config = sandboxConfig(0)
        let sandbox = try await runtime.runPodSandbox(config)
        let id = try await runtime.createContainer(sandbox: sandbox, containerConfig(["sleep", "1000"]), config)
        try await runtime.startContainer(id)
        let cgroup = "\(runtime.configuration.cgroups.absolutePath(root: runtime.configuration.cgroupRoot))/\(config.linux.cgroupParent)"
        var life = Samples()
        func used() -> [Double] { [CPUTime.own, CPUTime.supervisors, CPUTime.ofCgroup(cgroup)] }
        var before = used()
        for round in -Self.warmUp..<count {
            if round == 0 { before = used() }
            let began = clock.now
            let running = try await runtime.exec(id, command: ["true"], descriptors: [0, 1, 2])
            _ = try await running.exitCode()
            if round >= 0 { life.add(began.duration(to: clock.now)) }
        }
        let each = zip(used(), before).map { ($0 - $1) / Double(count) }
        life.report("exec.life")
        report("exec.cpu", each.reduce(0, +))
        for (who, time) in zip(["daemon", "supervisor", "process"], each) { report("exec.cpu.\(who)", time) }
        try await remove([sandbox])
    }

    /// Starts pods one after another and leaves them running.
    func curve(_ count: Int) async throws {
        var sandboxes: [String] = []
        var samples = Samples()
        for number in 1...count {
            let began = clock.now
            sandboxes.append(try await startPod(number, ["sleep", "1000"]))
            samples.add(began.duration(to: clock.now))
            if [100, count].contains(number) {
                report("supervisor.pss.\(number)", try Memory.medianProportionalBytes(ofProcesses: "swiftlet-super"))
            }
        }
        let slice = min(50, count)
        samples.prefix(slice).report("curve.first")
        samples.suffix(slice).report("curve.last")
        for end in stride(from: 50, through: count, by: 50) { report("curve.at.\(end)", samples.prefix(end).suffix(50).median) }
        try await remove(sandboxes)
    }

    func logs(megabytes: Int) async throws {
        let config = sandboxConfig(0)
        var withLogs = config
        withLogs.logDirectory = "\(runtime.configuration.runDirectory)/bench-logs"
        mkdir(withLogs.logDirectory, 0o755)
        let sandbox = try await runtime.runPodSandbox(withLogs)
        var container = containerConfig(["/fixture", "log", "--bytes", "\(megabytes * 1_000_000)"], image: "fixture")
        container.logPath = "log"
        var events = runtime.events().makeAsyncIterator()
        let id = try await runtime.createContainer(sandbox: sandbox, container, withLogs)
        let before = CPUTime.supervisors
        let began = clock.now
        try await runtime.startContainer(id)
        try await waitForExit(id, &events)
        let seconds = began.duration(to: clock.now) / .seconds(1)
        let used = CPUTime.supervisors - before
        let status = try await runtime.containerStatus(id)
        guard status.exitCode == 0 else { throw RuntimeError(.failed, "the log writer ended with \(status.exitCode): \(status.message)") }
        report("logs.rate", Double(megabytes) / seconds)
        report("logs.cpu", used / 1e6 / (Double(megabytes) / 1000))
        try await remove([sandbox])
    }
}

import ArgumentParser
internal import APIMachinery
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import LinuxSystem
import Synchronization

struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run the node agent: the pods of a directory of manifests, as static pods.",
        discussion: "Pods go on when the agent ends, however it ends; the next one takes them over. swiftlet down ends them.")

    @OptionGroup var instance: InstanceOptions

    @OptionGroup var limits: PodLimitOptions

    @OptionGroup var registries: RegistryOptions

    @Option(help: "Directory of manifests, watched for changes.", completion: .directory)
    var podManifestPath: String

    func run() async throws {
        let start = ContinuousClock.now
        try Privilege.requireRoot()
        let directory = InstanceName.absolute(podManifestPath)
        guard Machine.isDirectory(directory) else { throw UsageError("--pod-manifest-path \(podManifestPath): is not a directory") }
        let podPidsLimit = try limits.podPidsLimit
        let interruption = try Interruption()
        let opened = try await Instance.open(instance, for: .agent, registries: registries.files)
        let daemon = DaemonFile(runDirectory: opened.runDirectory)
        try daemon.claim()
        defer { daemon.release() }
        for limitation in opened.runtime.limitations { Output.warn("swiftlet: \(limitation)") }
        let session = try PodSession(opened, label: "agent", podPidsLimit: podPidsLimit)
        let source = try ManifestDirectory(path: directory, nodeName: opened.nodeName, clock: MachineTime())
        let events = Task { for await event in session.kubelet.events() { RunEvents.show(event) } }
        let abandoned = Mutex(opened.abandoned)
        try startThread {
            source.run { scan in
                scan.problems.forEach(Output.warn)
                session.kubelet.setPods(scan.pods)
                // While a file cannot be read, nobody knows whether its pods are wanted.
                guard scan.problems.isEmpty, let pods = abandoned.withLock({ $0.take() }) else { return }
                pods.remove(except: Set(scan.pods.map(\.uid))).forEach { Output.warn("swiftlet: \($0)") }
            }
        }
        let elapsed = start.duration(to: .now)
        Output.print("ready in \(Int(elapsed / .milliseconds(1))) ms")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = await interruption.signal() }
            group.addTask { try await session.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
        source.stop()
        events.cancel()
        await opened.runtime.drainCleanup()
    }
}

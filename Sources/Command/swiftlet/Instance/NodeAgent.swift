internal import APIMachinery
internal import CRI
internal import ContainerRuntime
internal import Glibc
internal import Kubelet
internal import KubernetesClient
internal import LinuxSystem
import Synchronization

/// The node agent of an instance as a part of this process: alone, or beside the control plane.
final class NodeAgent: Sendable {
    struct Settings: Sendable {
        var place: InstancePlace
        /// A directory of manifests of static pods, absolute.
        var manifests: String?
        var registries = RegistryFiles()
        /// Changes what follows from the machine.
        var configure: @Sendable (inout KubeletConfiguration) -> Void
    }
    let session: PodSession
    let nodeName: String
    private let instance: Instance
    private let daemon: DaemonFile
    private let manifests: ManifestDirectory?
    private let abandoned: Mutex<AbandonedPods?>
    /// All manifests could be read. While one cannot, nobody knows whether its pods are wanted.
    private let manifestsAreRead = OneShot<Void>()

    /// - Parameter api: Acts as the node; nil: there are static pods only.
    /// - Throws: `UsageError` when another agent runs here.
    init(_ instance: consuming Instance, _ settings: Settings, api: Client?) throws {
        let daemon = DaemonFile(runDirectory: instance.runDirectory)
        try daemon.claim()
        self.daemon = daemon
        let expecting: Set<Kubelet.Source> = settings.manifests == nil ? [.api] : api == nil ? [.file] : [.file, .api]
        session = try PodSession(
            instance, label: "agent", api: api, expecting: expecting,
            configure: settings.configure)
        let nodeName = instance.nodeName
        self.nodeName = nodeName
        manifests = try settings.manifests.map { try ManifestDirectory(path: $0, nodeName: nodeName, clock: MachineTime()) }
        abandoned = Mutex(instance.abandoned)
        for limitation in instance.runtime.limitations { Output.warn("swiftlet: \(limitation)") }
        self.instance = instance
    }

    var kubelet: Kubelet { session.kubelet }
    var runtime: NativeRuntime { instance.runtime }

    /// Runs until the task is cancelled; the pods stay as they are.
    func run() async throws {
        defer { daemon.release() }
        if let manifests { try follow(manifests) }
        defer { manifests?.stop() }
        let events = kubelet.events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await event in events { RunEvents.show(event) } }
            group.addTask { try await self.session.run() }
            group.addTask { await self.clearAbandoned() }
            defer { group.cancelAll() }
            // The others end only when this one is cancelled, or fail.
            while try await group.next() != nil, !Task.isCancelled {}
        }
        await instance.runtime.drainCleanup()
    }

    private func follow(_ manifests: ManifestDirectory) throws {
        let (kubelet, areRead) = (kubelet, manifestsAreRead)
        try startThread {
            manifests.run { scan in
                scan.problems.forEach(Output.warn)
                kubelet.setPods(scan.pods)
                if scan.problems.isEmpty { areRead.set(()) }
            }
        }
    }

    /// Removes what pods have left that no source wants.
    private func clearAbandoned() async {
        if manifests != nil { await manifestsAreRead.waitUnlessCancelled() }
        let wanted = await kubelet.waitForSources()
        guard !Task.isCancelled, let pods = abandoned.withLock({ $0.take() }) else { return }
        pods.remove(except: wanted).forEach { Output.warn("swiftlet: \($0)") }
    }
}

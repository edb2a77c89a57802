package import CRI
internal import Cgroups
package import ImageStore
internal import LinuxSystem
internal import PodNetwork
internal import Synchronization

/// The container runtime of this machine's own kernel. Each verb of the port is in a file of its own.
///
/// Pods outlive it: processes belong to their pods' supervisors, and what a new instance has to know is in the run directory. Call
/// `recover` once before anything else. Blocking work runs on threads of its own, never on those of the tasks that call.
package final class NativeRuntime: RuntimeService, ImageService {
    package let configuration: RuntimeConfiguration
    package let images: ImageStore
    let registryClient: RegistryClient
    let layout: StateLayout
    let network: PodNetwork?
    let cgroupRoot: CgroupRootHandle
    let machine: Machine
    let supervisorProgram: SealedExecutable
    let executor: BlockingExecutor
    let cleanup: CleanupQueue
    let hub = EventHub()
    let imageCache: ImageCache
    let confinement = ConfinementCache()
    let collector: OutputCollector
    let registry = Registry()
    let supervisors: SupervisorPool
    let layers = LayerUsage()
    let addressWatch = Mutex<PodAddressWatch?>(nil)

    /// Opens the stores and the cgroup root; starts nothing and adopts nothing yet.
    ///
    /// - Throws: `unavailable` when the machine lacks something that no pod can do without, naming it.
    package init(configuration: RuntimeConfiguration) throws(RuntimeError) {
        self.configuration = configuration
        layout = StateLayout(runDirectory: configuration.runDirectory)
        do {
            for directory in [configuration.runDirectory, layout.pods, layout.removed, layout.rootMountPoint] {
                try Files.makeDirectories(directory, mode: 0o711)
            }
            images = try ImageStore(root: "\(configuration.dataDirectory)/images", report: configuration.report)
            registryClient = try RegistryClient(store: images, configuration: configuration.registries)
            network = try Self.openNetwork(configuration)
            cgroupRoot = try CgroupRootHandle(configuration)
            supervisorProgram = try SealedExecutable(path: configuration.supervisorExecutable)
            executor = try BlockingExecutor(threads: 16)
            collector = try OutputCollector()
            machine = Machine.inspect()
        } catch {
            throw RuntimeError(.unavailable, "open the container runtime in \(configuration.runDirectory)", cause: error)
        }
        cleanup = CleanupQueue(executor: executor, report: configuration.report)
        imageCache = ImageCache(images)
        supervisors = SupervisorPool(size: configuration.spareSupervisors)
    }

    private static func openNetwork(_ configuration: RuntimeConfiguration) throws -> PodNetwork? {
        try networkConfiguration(configuration).map { try PodNetwork($0) }
    }

    static func networkConfiguration(_ configuration: RuntimeConfiguration) throws -> PodNetworkConfiguration? {
        guard let wanted = configuration.network else { return nil }
        var network = PodNetworkConfiguration(
            instance: configuration.instance, podCIDRs: try wanted.podCIDRs.map(PodCIDR.parse), mtu: wanted.mtu,
            stateDirectory: "\(configuration.dataDirectory)/network", netnsDirectory: "\(configuration.runDirectory)/netns",
            masquerade: wanted.masquerade)
        network.clusterCIDRs = try wanted.clusterCIDRs.map(PodCIDR.parse)
        return network
    }

    package func events() -> AsyncStream<ContainerEvent> { hub.subscribe() }

    /// What this machine cannot give to any container, a line each: missing cgroup controllers.
    package var limitations: [String] { cgroupRoot.missing.map(\.description) }

    /// Waits until the remains of what was removed are gone from the kernel and the disk.
    package func drainCleanup() async { await cleanup.drain() }
}

/// All sandboxes and containers by id.
final class Registry: Sendable {
    private struct State {
        var sandboxes: [String: Sandbox] = [:]
        var containers: [String: Container] = [:]
    }
    private let state = Mutex(State())

    var sandboxes: [Sandbox] { state.withLock { Array($0.sandboxes.values) } }
    var containers: [Container] { state.withLock { Array($0.containers.values) } }
    func sandbox(_ id: String) -> Sandbox? { state.withLock { $0.sandboxes[id] } }
    func container(_ id: String) -> Container? { state.withLock { $0.containers[id] } }
    func add(_ sandbox: Sandbox) { state.withLock { $0.sandboxes[sandbox.id] = sandbox } }
    func add(_ container: Container) { state.withLock { $0.containers[container.id] = container } }
    func remove(_ sandbox: Sandbox) { _ = state.withLock { $0.sandboxes.removeValue(forKey: sandbox.id) } }
    func remove(_ container: Container) { _ = state.withLock { $0.containers.removeValue(forKey: container.id) } }
}

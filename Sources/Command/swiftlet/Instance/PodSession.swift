internal import APIMachinery
internal import CRI
internal import ContainerRuntime
internal import Kubelet
internal import KubernetesAPI
internal import KubernetesClient
internal import LinuxSystem
import Synchronization

/// A node agent at work in this process: keeps the pods' records up to date and hears the requests of other processes.
final class PodSession: Sendable {
    let kubelet: Kubelet
    private let runtime: NativeRuntime
    private let records: PodRecords
    /// nil once nobody is listened to any more.
    private let requestWatch: Mutex<DirectoryWatch?>
    private let owner = PodOwner.own
    private let known = Mutex<Set<String>>([])

    /// Bears every sandbox and container: an agent leaves alone what another owner has started.
    static let ownerLabel = "swiftlet.dev/owner"

    /// - Parameters:
    ///   - label: Who the pods belong to; the same again finds them again.
    ///   - objects: ConfigMaps and Secrets that the pods may use.
    ///   - podPidsLimit: Of each pod; nil: the node's.
    ///   - api: Acts as this node; nil: pods come from manifests alone.
    ///   - expecting: See ``Kubelet``.
    ///   - configure: Changes what follows from the machine.
    convenience init(
        _ instance: borrowing Instance, label: String, objects: LocalObjects = LocalObjects(), podPidsLimit: Int64? = nil,
        api: Client? = nil, expecting: Set<Kubelet.Source>? = nil,
        configure: (inout KubeletConfiguration) -> Void = { _ in }
    ) throws {
        var parts = instance.parts(ownerLabel: label)
        parts.configuration.objects = objects
        parts.configuration.podPidsLimit = podPidsLimit
        configure(&parts.configuration)
        try self.init(parts, api: api, expecting: expecting)
    }

    /// - Parameters:
    ///   - runtime: Stands between the agent and the instance's runtime; nil: nothing does.
    ///   - images: Likewise for images.
    init(
        _ parts: NodeParts, runtime: (any RuntimeService)? = nil, images: (any ImageService)? = nil, api: Client? = nil,
        expecting: Set<Kubelet.Source>? = nil
    ) throws {
        self.runtime = parts.runtime
        records = parts.records
        var configuration = parts.configuration
        configuration.node.reserve(configuration.reservation)
        kubelet = Kubelet(
            configuration: configuration, runtime: runtime ?? parts.runtime, images: images ?? parts.runtime,
            cgroups: parts.cgroups, mounts: NodeMounts(), api: api, expecting: expecting, report: { Output.warn("swiftlet: \($0)") })
        let watch = try DirectoryWatch()
        try watch.add(directory: records.requests)
        requestWatch = Mutex(watch)
    }

    /// Runs until the task is cancelled; the pods stay as they are.
    ///
    /// - Parameter observe: Told of every pod whose status changed.
    func run(observe: @escaping @Sendable (Pod) -> Void = { _ in }) async throws {
        let updates = kubelet.statusUpdates()
        try startThread { [self] in hearRequests() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.kubelet.run() }
            group.addTask {
                await withDiscardingTaskGroup { removals in
                    for await pod in updates {
                        self.record(pod)
                        observe(pod)
                        guard self.known.withLock({ $0.insert(pod.uid).inserted }) else { continue }
                        removals.addTask { await self.forget(pod) }
                    }
                    removals.cancelAll()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func record(_ pod: Pod) {
        var pod = pod
        pod.metadata.annotations[PodRecords.ownerAnnotation] = owner.text
        for (name, pid) in runtime.processes(ofPod: pod.uid) { pod.metadata.annotations[PodSummary.pidAnnotation(name)] = "\(pid)" }
        do { try records.write(pod) } catch { Output.warn("swiftlet: \(error)") }
    }

    private func forget(_ pod: Pod) async {
        await kubelet.waitUntilRemoved(pod.uid)
        guard !Task.isCancelled else { return }
        known.withLock { _ = $0.remove(pod.uid) }
        do { try records.remove(uid: pod.uid) } catch { Output.warn("swiftlet: \(error)") }
    }

    /// Hears nobody any more. Closing an inotify descriptor takes a grace period of the kernel, milliseconds, which the listening thread
    /// waits for while the pods are still being removed, instead of the process at its end.
    func stopHearing() { requestWatch.withLock { $0.take() }?.wake() }

    /// A thread, since it blocks; it ends with the process.
    private func hearRequests() {
        while let watch = requestWatch.withLock({ $0 }) {
            do {
                for request in try records.takeRequests() {
                    kubelet.delete(request.uid, gracePeriodSeconds: request.graceSeconds)
                }
            } catch { Output.warn("swiftlet: \(error)") }
            watch.wait(timeoutMilliseconds: -1)
        }
    }
}

/// What node agents of an instance are made from, one after the other.
struct NodeParts: Sendable {
    let runtime: NativeRuntime
    let records: PodRecords
    let cgroups: NodeCgroups
    var configuration: KubeletConfiguration
}

extension Instance {
    func parts(ownerLabel: String) -> NodeParts {
        NodeParts(runtime: runtime, records: records, cgroups: cgroups, configuration: kubeletConfiguration(ownerLabel: ownerLabel))
    }

    func kubeletConfiguration(ownerLabel: String) -> KubeletConfiguration {
        var configuration = KubeletConfiguration()
        configuration.nodeName = nodeName
        configuration.hostIPs = Machine.addresses
        configuration.rootDirectory = dataDirectory
        configuration.podLogsDirectory = paths.logs
        configuration.ownerLabels = [PodSession.ownerLabel: ownerLabel]
        configuration.resolvConf = ResolvConf(parsing: Machine.text(of: "/etc/resolv.conf"))
        configuration.nodeHostsFile = Machine.text(of: "/etc/hosts")
        configuration.podCIDR = podCIDR
        configuration.node = Machine.facts(storage: dataDirectory)
        configuration.reservation = .nothing
        let credentials = registries.credentials(dataDirectory: dataDirectory)
        configuration.imageCredentials = { credentials.keyring }
        return configuration
    }

    var paths: PodPaths { PodPaths(root: dataDirectory, logs: "\(dataDirectory)/logs") }
}

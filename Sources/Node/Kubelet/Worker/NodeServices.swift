internal import APIMachinery
internal import CRI
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// What pod workers work with.
struct NodeServices: Sendable {
    let configuration: KubeletConfiguration
    let runtime: any RuntimeService
    let images: any ImageService
    let puller: ImagePuller
    let cgroups: any PodCgroupManager
    let mounts: any MountService
    let clock: any TimeSource
    let events: PodEventHub
    let table: PodTable
    let background: Background
    let userNamespaces: UserNamespaceAllocator
    let volumes: PodVolumes
    let probeNetwork: any ProbeNetwork
    /// When this agent began.
    let startTime: Timestamp
    /// Acts as this node; nil: there is no API server.
    let api: Client?
    /// As the API server has it.
    let ownNode = OwnNode()
    let health = NodeHealth()
    let nodeEvents = NodeEvents()
    /// Where that comes from which pods take from other API objects.
    let objects: any PodObjects

    var paths: PodPaths { PodPaths(configuration) }

    /// Runs calls that block where they may.
    func blocking<T: Sendable>(_ body: @Sendable () async throws -> T) async rethrows -> T {
        try await withTaskExecutorPreference(configuration.blockingExecutor, operation: body)
    }

    func setUpVolumes(_ pod: Pod, now: Timestamp) async throws(VolumeErrors) -> [String: HostVolume] {
        let volumes = volumes
        return try await withTaskExecutorPreference(configuration.blockingExecutor) { () async throws(VolumeErrors) in
            try await volumes.setUp(pod, now: now)
        }
    }

    /// Shares of the QoS classes after a pod has come or gone.
    func updateClassShares() async {
        let burstable = table.admittedPods.filter { QoSClass(of: $0) == .burstable }
        let milliCPU = burstable.reduce(0) { $0 + PodResources.requests($1).milliValue("cpu") }
        // Set again with the next pod; a failure concerns no pod in particular.
        try? await cgroups.setClassShares(burstable: CPUArithmetic.shares(milliCPU: milliCPU), bestEffort: CPUArithmetic.minShares)
    }
}

/// All pods of the node, by UID.
final class PodTable: Sendable {
    private let entries = Mutex<[PodUID: PodEntry]>([:])
    /// Those that are gone, the last one last: their stories are told for a while.
    private let gone = Mutex<[PodEntry]>([])
    private static let goneMax = 32
    /// Held while one pod is judged, so that two do not take the same port.
    private let admission = Mutex(())
    private let observers = Mutex<[@Sendable (PodEntry) -> Void]>([])
    private let listeners = Mutex<(last: Int, all: [Int: AsyncStream<Pod>.Continuation])>((0, [:]))

    subscript(uid: PodUID) -> PodEntry? { entries.withLock { $0[uid] } }
    var all: [PodEntry] { entries.withLock { $0.values.sorted { $0.uid < $1.uid } } }

    func add(_ entry: PodEntry) { entries.withLock { $0[entry.uid] = entry } }
    func remove(_ uid: PodUID) {
        guard let entry = entries.withLock({ $0.removeValue(forKey: uid) }) else { return }
        gone.withLock { gone in
            gone.append(entry)
            if gone.count > Self.goneMax { gone.removeFirst() }
        }
    }

    /// The stories of all pods that had this name lately, the latest first.
    func histories(namespace: String, name: String) -> [PodHistory] {
        let all = entries(namespace: namespace, name: name).map { ($0, false) } + gone.withLock { $0.reversed() }.map { ($0, true) }
        return all.filter { $0.0.pod.name == name && $0.0.pod.namespace == namespace }.map { entry, isGone in
            PodHistory(uid: entry.uid, isGone: isGone, steps: entry.steps.all, probes: entry.probes.histories)
        }
    }

    /// Takes a pod in unless `judge`, who is shown the pods that are in, objects.
    func admit(_ entry: PodEntry, _ judge: (Pod, [Pod]) -> Admission.Rejection?) -> Admission.Rejection? {
        admission.withLock { _ in
            if let rejection = judge(entry.pod, admittedPods) { return rejection }
            entry.with { $0.isAdmitted = true }
            return nil
        }
    }

    /// Grants a pod that is in something new, unless `judge`, who is shown the others, objects.
    func change(
        _ entry: PodEntry, _ judge: ([Pod]) -> ResizeDecision.Feasibility, grant: (inout PodEntry.Wanted) -> Void
    ) -> ResizeDecision.Feasibility {
        admission.withLock { _ in
            let feasibility = judge(admittedPods.filter { $0.uid != entry.uid })
            if feasibility == .feasible { entry.with { grant(&$0) } }
            return feasibility
        }
    }

    var admittedPods: [Pod] { all.compactMap { entry in entry.with { $0.isAdmitted ? $0.pod : nil } } }

    /// Not removed yet.
    func entries(namespace: String, name: String) -> [PodEntry] {
        all.filter { $0.pod.name == name && $0.pod.namespace == namespace }
    }

    /// Every status from now on, within its pod.
    func listen() -> AsyncStream<Pod> {
        let (stream, continuation) = AsyncStream.makeStream(of: Pod.self)
        let number = listeners.withLock { listeners in
            listeners.last += 1
            listeners.all[listeners.last] = continuation
            return listeners.last
        }
        continuation.onTermination = { [weak self] _ in self?.listeners.withLock { _ = $0.all.removeValue(forKey: number) } }
        return stream
    }

    /// Told of every pod whose status changed, and of each that was torn down, from now on. Must be short.
    func observe(_ observer: @escaping @Sendable (PodEntry) -> Void) { observers.withLock { $0.append(observer) } }

    func tellObservers(_ entry: PodEntry) { for observer in observers.withLock({ $0 }) { observer(entry) } }

    func publish(_ status: PodStatus, of entry: PodEntry) {
        let pod = entry.with { wanted -> Pod? in
            guard wanted.status != status || !wanted.isShown else { return nil }
            wanted.isShown = true
            wanted.status = status
            wanted.pod.status = wanted.mergedStatus
            return wanted.pod
        }
        guard let pod else { return }
        tellObservers(entry)
        for listener in listeners.withLock({ $0.all.sorted { $0.key < $1.key }.map(\.value) }) { listener.yield(pod) }
    }
}

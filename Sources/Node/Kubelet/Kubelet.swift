package import APIMachinery
package import CRI
package import KubernetesAPI
import Synchronization

/// The node agent: runs the pods that it is given, and tells how they are.
///
/// Its pods outlive it. A new one finds them by their labels in the runtime and goes on.
package final class Kubelet: Sendable {
    private struct State {
        /// The pods that are wanted.
        var wanted: [PodUID: Pod] = [:]
        /// The source has spoken: pods that it does not name are not wanted.
        var isSourceReady = false
        /// What the runtime had of pods before the source named them. A worker must know it before its first look, or it would start
        /// such a pod a second time.
        var unclaimed: [PodUID: PodRuntimeStatus] = [:]
    }
    private let node: NodeServices
    private let state = Mutex(State())
    private let relistNow = WakeUp()
    package let imageCollector: ImageCollector
    private static let relistPeriod = Duration.seconds(60)

    package init(
        configuration: KubeletConfiguration, runtime: any RuntimeService, images: any ImageService,
        cgroups: any PodCgroupManager = NoPodCgroups(), mounts: any MountService = NoMounts(), clock: any TimeSource = MachineTime(),
        pullSecrets: (any PullSecretSource)? = nil
    ) {
        imageCollector = ImageCollector(images, runtime, configuration.imageGC, clock)
        node = NodeServices(
            configuration: configuration, runtime: runtime, images: images,
            puller: ImagePuller(images, configuration, clock), pullSecrets: pullSecrets ?? configuration.objects, cgroups: cgroups,
            mounts: mounts, clock: clock,
            events: PodEventHub(clock), table: PodTable(), background: Background(),
            userNamespaces: UserNamespaceAllocator(configuration), volumes: PodVolumes(configuration, mounts))
    }

    /// Everything worth telling, from now on.
    package func events() -> AsyncStream<PodEvent> { node.events.listen() }

    /// Every change of a pod's status, from now on, with its pod.
    package func statusUpdates() -> AsyncStream<Pod> { node.table.listen() }

    /// All pods with their statuses, by name.
    package var pods: [Pod] { node.table.all.map(\.pod).sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) } }

    package var podStatuses: [PodUID: PodStatus] {
        Dictionary(node.table.all.map { ($0.uid, $0.status) }) { first, _ in first }
    }

    /// Runs until the task is cancelled. Leaves the pods as they are.
    ///
    /// - Throws: The runtime cannot be reached.
    package func run() async throws(RuntimeError) {
        let events = node.runtime.events()
        try await relist()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followRuntime(events) }
            group.addTask { await self.relistPeriodically() }
            group.addTask { await self.imageCollector.run() }
            for await job in node.background.jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }
}

extension Kubelet {
    /// Says which pods are wanted. Pods of an earlier call that are missing are ended and removed; the others go on.
    ///
    /// - Parameter pods: With names, namespaces and UIDs, defaulted and valid.
    package func setPods(_ pods: [Pod]) {
        let accepted = withoutDuplicateNames(pods)
        let gone = state.withLock { state in
            let wanted = Dictionary(accepted.map { ($0.uid, $0) }) { first, _ in first }
            defer {
                state.wanted = wanted
                state.isSourceReady = true
            }
            return state.wanted.keys.filter { wanted[$0] == nil }
        }
        for uid in gone.sorted() { node.table[uid]?.delete(gracePeriodSeconds: nil, node.clock) }
        for pod in accepted { want(pod) }
        relistNow.wake()
    }

    /// Adds pods to those that are wanted.
    package func addPods(_ pods: [Pod]) {
        setPods(state.withLock { $0.wanted.sorted { $0.key < $1.key }.map(\.value) } + pods)
    }

    private func withoutDuplicateNames(_ pods: [Pod]) -> [Pod] {
        var names: Set<String> = []
        return pods.filter { pod in
            if names.insert("\(pod.namespace)/\(pod.name)").inserted { return true }
            let source = pod.metadata.annotations["kubernetes.io/config.source"] ?? "api"
            node.events.send(
                .warning, "FailedValidation",
                "Error validating pod \(pod.reference) from \(source) due to duplicate pod name \"\(pod.name)\", ignoring", pod)
            return false
        }
    }

    private func want(_ pod: Pod) {
        if let entry = node.table[pod.uid] {
            if entry.deletion == nil { entry.update(pod) }
            return  // one that is ending comes back once it is gone
        }
        let predecessors = node.table.entries(namespace: pod.namespace, name: pod.name).map(\.removed)
        begin(PodEntry(pod, predecessors: predecessors))
    }

    private func begin(_ entry: PodEntry) {
        if let found = state.withLock({ $0.unclaimed.removeValue(forKey: entry.uid) }) { entry.add(found) }
        node.table.add(entry)
        node.background.start { [self] in
            var worker = PodWorker(entry, node)
            await worker.run()
            guard entry.removed.current != nil, let pod = state.withLock({ $0.wanted[entry.uid] }) else { return }
            want(pod)
        }
    }

    /// Ends a pod and removes all of it, also when it is over already.
    ///
    /// - Parameter gracePeriodSeconds: nil: the pod's own. A later call may only shorten it.
    package func delete(_ uid: PodUID, gracePeriodSeconds: Int64? = nil) {
        state.withLock { $0.wanted[uid] = nil }
        node.table[uid]?.delete(gracePeriodSeconds: gracePeriodSeconds, node.clock)
    }

    /// Waits until the pod has reached Succeeded or Failed.
    ///
    /// - Returns: nil when there is no such pod, or the task was cancelled first.
    package func waitUntilTerminal(_ uid: PodUID) async -> PodStatus? { await node.table[uid]?.over.waitUnlessCancelled() ?? nil }

    /// Waits until nothing is left of the pod; at once when there is none.
    package func waitUntilRemoved(_ uid: PodUID) async { _ = await node.table[uid]?.removed.waitUnlessCancelled() }
}

extension Kubelet {
    private func followRuntime(_ events: AsyncStream<ContainerEvent>) async {
        for await event in events {
            switch event {
            case .started(let container, let sandbox, let uid), .exited(let container, let sandbox, let uid):
                wake(uid, sandbox, container)
            case .removed(_, _, let uid): node.table[uid]?.wakeUp.wake()
            case .sandboxChanged(let sandbox, let uid): wake(uid, sandbox, nil)
            case .resync: relistNow.wake()
            }
        }
    }

    private func wake(_ uid: PodUID, _ sandbox: String, _ container: String?) {
        guard let entry = node.table[uid] else { return }
        entry.add(sandboxIDs: [sandbox], containerIDs: container.map { [$0] } ?? [])
        entry.wakeUp.wake()
    }

    /// The safety net: events may be lost.
    private func relistPeriodically() async {
        while !Task.isCancelled {
            // A runtime that does not answer is asked again; the pods' workers report it.
            try? await relist()
            await relistNow.wait(until: node.clock.now + Self.relistPeriod, node.clock)
        }
    }

    /// Compares all that the runtime has of this agent with the pods that it knows.
    private func relist() async throws(RuntimeError) {
        var sandboxFilter = PodSandboxFilter()
        sandboxFilter.labels = node.configuration.ownerLabels
        var containerFilter = ContainerFilter()
        containerFilter.labels = node.configuration.ownerLabels
        let sandboxes = try await node.runtime.listPodSandbox(sandboxFilter)
        let containers = try await node.runtime.listContainers(containerFilter)
        let sandboxesByPod = Dictionary(grouping: sandboxes) { $0.metadata.uid }
        let containersByPod = Dictionary(grouping: containers) { $0.labels[RuntimeLabels.podUID] ?? "" }
        for uid in Set(sandboxesByPod.keys).union(containersByPod.keys).sorted() where !uid.isEmpty {
            let status = PodRuntimeStatus(sandboxes: sandboxesByPod[uid] ?? [], containers: containersByPod[uid] ?? [])
            guard let entry = node.table[uid] ?? beginUnknown(uid, status) else { continue }
            entry.add(status)
            entry.wakeUp.wake()
        }
    }

    /// A pod that no source knows: left alone until the source has spoken, then ended.
    private func beginUnknown(_ uid: PodUID, _ status: PodRuntimeStatus) -> PodEntry? {
        let isLeftAlone = state.withLock { state in
            if !state.isSourceReady { state.unclaimed[uid] = status }
            return !state.isSourceReady
        }
        guard node.configuration.killsUnknownPods, !isLeftAlone else { return nil }
        let entry = PodEntry(RuntimeLabels.pod(uid, status))
        entry.add(status)
        entry.delete(gracePeriodSeconds: nil, node.clock)
        begin(entry)
        return entry
    }
}

extension PodEntry {
    fileprivate func add(_ status: PodRuntimeStatus) {
        add(sandboxIDs: Set(status.sandboxes.map(\.id)), containerIDs: Set(status.containers.map(\.id)))
    }
}

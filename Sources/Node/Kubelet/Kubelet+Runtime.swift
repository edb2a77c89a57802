internal import CRI
internal import KubernetesAPI

// What the runtime says of the pods.
extension Kubelet {
    private static let relistPeriod = Duration.seconds(60)

    func followRuntime(_ events: AsyncStream<ContainerEvent>) async {
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
    func relistPeriodically() async {
        while !Task.isCancelled {
            do {
                try await relist()
                node.health.update { $0.troubles = [] }
            } catch {
                // It is asked again; the pods' workers report it, too.
                node.health.update { $0.troubles = ["container runtime is down: \(error)"] }
            }
            await relistNow.wait(until: node.clock.now + Self.relistPeriod, node.clock)
        }
    }

    /// Compares all that the runtime has of this agent with the pods that it knows.
    func relist() async throws(RuntimeError) {
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
        guard !sources.keep(uid, status), node.configuration.killsUnknownPods else { return nil }
        let entry = PodEntry(RuntimeLabels.pod(uid, status), from: .nobody, now: node.clock.wallTime)
        entry.add(status)
        entry.delete(gracePeriodSeconds: nil, node.clock)
        begin(entry)
        return entry
    }
}

extension PodEntry {
    func add(_ status: PodRuntimeStatus) {
        add(sandboxIDs: Set(status.sandboxes.map(\.id)), containerIDs: Set(status.containers.map(\.id)))
    }
}

internal import APIMachinery
internal import CRI
internal import KubernetesAPI
import Synchronization

/// Keeps the node from running dry: tells of pressure, frees what nobody uses, and then ends one pod after the other.
final class EvictionManager: Sendable {
    private static let period = Duration.seconds(10)
    private static let cleanUpTimeout = Duration.seconds(30)
    /// What a pod gets to end when there is no time.
    private static let immediately: Int64 = 1

    private let node: NodeServices
    private let sensors: EvictionSensors
    private let images: ImageCollector
    private let state: Mutex<EvictionState>

    init(_ node: NodeServices, _ sensors: EvictionSensors, _ images: ImageCollector) {
        let settings = node.configuration.eviction
        self.node = node
        self.sensors = sensors
        self.images = images
        state = Mutex(
            EvictionState(
                settings.thresholds(coversAllocatable: node.configuration.enforcesNodeAllocatable),
                transitionPeriod: settings.pressureTransitionPeriod))
    }

    /// Looks every 10 s until the task is cancelled; at once again after an eviction.
    func run() async {
        while !Task.isCancelled {
            let evicted = await look()
            if evicted.isEmpty {
                try? await node.clock.sleep(for: Self.period)
            } else {
                await waitUntilGone(evicted)
            }
        }
    }

    /// - Returns: The pods that were evicted.
    private func look() async -> [PodEntry] {
        let reading = await sensors.node()
        let now = node.clock.now
        let verdict = state.withLock { $0.observe(reading.observations, now: now) }
        node.health.update { health in
            health.hasMemoryPressure = verdict.pressures.contains(.memory)
            health.hasDiskPressure = verdict.pressures.contains(.disk)
            health.hasPIDPressure = verdict.pressures.contains(.pid)
        }
        let pods = node.table.all.filter(\.isActive)
        var usage: [PodUID: PodConsumption]?
        if pods.contains(where: { LocalStorageLimits.hasAny($0.pod) }) {
            let counted = await sensors.pods()
            let evicted = evictOverLimits(pods, counted, reading)
            if !evicted.isEmpty { return evicted }
            usage = counted
        }
        guard let threshold = verdict.toAct.first else { return [] }
        node.nodeEvents.send(.warning, "EvictionThresholdMet", "Attempting to reclaim \(threshold.signal.resource)")
        if threshold.signal.pressure == .disk, await reclaim(threshold, reading) { return [] }
        // Not by `??`: its closure cannot wait.
        if usage == nil { usage = await sensors.pods() }
        return evictOne(pods, usage ?? [:], threshold, reading)
    }

    private func evictOverLimits(_ entries: [PodEntry], _ usage: [PodUID: PodConsumption], _ reading: EvictionSensors.Reading) -> [PodEntry]
    {
        entries.filter { entry in
            guard let own = usage[entry.uid] else { return false }
            let excess = LocalStorageLimits.excess(entry.pod, own, imagesAreApart: reading.imagesAreApart)
            return excess.map { evict(entry, gracePeriodSeconds: Self.immediately, $0, isDisruption: false) } ?? false
        }
    }

    private func evictOne(
        _ entries: [PodEntry], _ usage: [PodUID: PodConsumption], _ threshold: EvictionThreshold, _ reading: EvictionSensors.Reading
    ) -> [PodEntry] {
        let order = EvictionRanking.ranked(entries.map(\.pod), usage, for: threshold.signal, imagesAreApart: reading.imagesAreApart)
        let grace = threshold.isHard ? Self.immediately : node.configuration.eviction.maxPodGracePeriodSeconds
        for pod in order {
            let message = EvictionMessage.lowOnResource(threshold, reading.observations[threshold.signal], pod, usage[pod.uid])
            guard let entry = node.table[pod.uid] else { continue }
            if evict(entry, gracePeriodSeconds: min(grace, pod.terminationGracePeriodSeconds), message, isDisruption: true) {
                return [entry]
            }
        }
        return []
    }

    /// - Returns: Whether it is to go; a critical pod stays.
    private func evict(_ entry: PodEntry, gracePeriodSeconds: Int64, _ message: String, isDisruption: Bool) -> Bool {
        guard !entry.pod.isCritical else { return false }
        node.events.send(.warning, "Evicted", message, entry.pod)
        entry.end(
            .init(reason: "Evicted", message: message, disruption: isDisruption ? message : nil), gracePeriodSeconds: gracePeriodSeconds)
        return true
    }

    // MARK: What is freed first

    /// Removes dead containers and unused images.
    ///
    /// - Returns: Whether that was enough.
    private func reclaim(_ threshold: EvictionThreshold, _ reading: EvictionSensors.Reading) async -> Bool {
        if reading.imagesAreApart, EvictionFiles(threshold.signal, imagesAreApart: true) == .rest { return false }
        await removeDeadContainers()
        // What could not be removed shows in the figures.
        _ = try? await images.collectAll()
        let after = await sensors.node()
        return state.withLock { $0.isRelieved(after.observations) }
    }

    /// Of pods that have ended: their statuses are told.
    private func removeDeadContainers() async {
        var filter = ContainerFilter()
        filter.labels = node.configuration.ownerLabels
        filter.state = .exited
        for container in (try? await node.runtime.listContainers(filter)) ?? [] {
            guard let entry = container.labels[RuntimeLabels.podUID].flatMap({ node.table[$0] }), entry.over.current != nil else {
                continue
            }
            try? await node.runtime.removeContainer(container.id)
        }
    }

    private func waitUntilGone(_ entries: [PodEntry]) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.node.clock.sleep(for: Self.cleanUpTimeout) }
            group.addTask { for entry in entries { _ = await entry.over.waitUnlessCancelled() } }
            await group.next()
            group.cancelAll()
        }
    }
}

extension PodEntry {
    /// Something of it may run, and it is not on its way out.
    fileprivate var isActive: Bool { over.current == nil && deletion == nil && with { $0.isAdmitted && $0.ending == nil } }
}

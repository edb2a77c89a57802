package import APIMachinery
package import CRI
package import KubernetesAPI
package import KubernetesClient

/// The node agent: runs the pods that it is given, and tells how they are.
///
/// Its pods outlive it. A new one finds them by their labels in the runtime and goes on.
package final class Kubelet: Sendable {
    /// Where pods come from. Pods of the runtime that no source names are left alone until all have spoken.
    package enum Source: Hashable, Sendable { case file, api }
    package let imageCollector: ImageCollector

    let node: NodeServices
    let sources: PodSources
    let relistNow = WakeUp()
    /// nil: there is no API server.
    let cluster: ClusterLink?
    private let eviction: EvictionManager?

    /// - Parameters:
    ///   - api: Acts as this node: `system:node:NAME` of the group `system:nodes`. nil: pods come by `setPods` alone.
    ///   - expecting: Who has to speak before pods that nobody names are ended; by default the API server, or else `setPods`.
    ///   - evictionSensors: Where eviction gets its figures; nil: from the machine.
    ///   - report: Told of what goes wrong with the API server and is tried again, a line each.
    package init(
        configuration: KubeletConfiguration, runtime: any RuntimeService, images: any ImageService,
        cgroups: any PodCgroupManager = NoPodCgroups(), mounts: any MountService = NoMounts(), clock: any TimeSource = MachineTime(),
        probeNetwork: any ProbeNetwork = SocketProbeNetwork(), api: Client? = nil, expecting: Set<Source>? = nil,
        evictionSensors: EvictionSensors? = nil, report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        var configuration = configuration
        if api != nil { configuration.isInCluster = true }
        let sources = PodSources(expecting ?? [api == nil ? .file : .api])
        let background = Background()
        let objects: any PodObjects =
            api.map { ClientObjects($0, nodeName: configuration.nodeName, background, clock) } ?? configuration.objects
        let node = NodeServices(
            configuration: configuration, runtime: runtime, images: images, puller: ImagePuller(images, configuration, clock),
            cgroups: cgroups, mounts: mounts, clock: clock,
            events: PodEventHub(clock), table: PodTable(), background: background,
            userNamespaces: UserNamespaceAllocator(configuration),
            volumes: PodVolumes(configuration, mounts, objects: objects, clock: clock), probeNetwork: probeNetwork,
            startTime: clock.wallTime, api: api, objects: objects)
        imageCollector = ImageCollector(images, runtime, configuration.imageGC, clock, events: node.nodeEvents)
        let sensors = evictionSensors ?? EvictionSensors(StatsProvider(node))
        eviction = configuration.evictsPods ? EvictionManager(node, sensors, imageCollector) : nil
        self.sources = sources
        self.node = node
        cluster = api.map { client in
            ClusterLink(client, node, mayDeleteMirrors: { sources.hasSpoken(.file) }, report: report)
        }
    }

    /// Where that comes from which pods take from other API objects.
    var objects: any PodObjects { node.objects }

    /// Everything worth telling, from now on.
    package func events() -> AsyncStream<PodEvent> { node.events.listen() }

    /// Every change of a pod's status, from now on, with its pod.
    package func statusUpdates() -> AsyncStream<Pod> { node.table.listen() }

    /// All pods with their statuses, by name.
    package var pods: [Pod] { node.table.all.map(\.pod).sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) } }

    package var podStatuses: [PodUID: PodStatus] {
        Dictionary(node.table.all.map { ($0.uid, $0.status) }) { first, _ in first }
    }

    /// What a pod's probes have seen; nil when there is no such pod.
    package func probeHistories(namespace: String, name: String) -> [ProbeHistory]? {
        node.table.entries(namespace: namespace, name: name).first?.probes.histories
    }

    /// What is still known of the lives of the pods of this name, the latest first.
    package func histories(namespace: String, name: String) -> [PodHistory] { node.table.histories(namespace: namespace, name: name) }

    /// What all pods' probes have seen, with their pods.
    package var probeHistories: [(pod: Pod, histories: [ProbeHistory])] { node.table.all.map { ($0.pod, $0.probes.histories) } }

    /// What is wrong with this node goes here.
    package var health: NodeHealth { node.health }

    /// Told of the node's own events, those that were sent already first.
    package func followNodeEvents(_ listener: @escaping @Sendable (NodeEvents.Item) -> Void) { node.nodeEvents.listen(listener) }

    /// This node's object as the API server has it; nil as long as that is not known.
    package var nodeObject: Node? { node.ownNode.object }

    /// Runs until the task is cancelled. Leaves the pods as they are.
    ///
    /// - Throws: The runtime cannot be reached.
    package func run() async throws(RuntimeError) {
        let events = node.runtime.events()
        await limitPods()
        try await relist()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followRuntime(events) }
            group.addTask { await self.relistPeriodically() }
            group.addTask { await self.imageCollector.run() }
            if let eviction { group.addTask { await eviction.run() } }
            group.addTask { await VolumeRefresher(node: self.node).run() }
            if let cluster {
                follow(cluster)
                group.addTask { await cluster.run() }
                group.addTask { await self.waitForAPI(cluster) }
            }
            for await job in node.background.jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    /// Waits until the API server has this node's object and says that it is ready, or the task is cancelled.
    package func waitUntilRegistered() async { await node.ownNode.ready.waitUnlessCancelled() }

    /// Waits until every source has said which pods it wants, or the task is cancelled.
    ///
    /// - Returns: UIDs of all pods that are wanted.
    package func waitForSources() async -> Set<PodUID> {
        _ = await sources.areComplete.waitUnlessCancelled()
        return sources.uids
    }
}

internal import APIMachinery
internal import CRI
internal import KubernetesAPI
internal import KubernetesClient

/// The node agent's side of the API server: what it reads there, and what it keeps true there.
final class ClusterLink: Sendable {
    let client: Client
    let objects = KnownPods()
    let status: StatusManager
    let mirrors: MirrorPods
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>
    private let node: NodeServices
    private let recorder: EventRecorder
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - mayDeleteMirrors: Whether all manifests have been read.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    init(
        _ client: Client, _ node: NodeServices, mayDeleteMirrors: @escaping @Sendable () -> Bool,
        report: @escaping @Sendable (String) -> Void
    ) {
        let (time, name) = (node.clock, node.configuration.nodeName)
        self.client = client
        self.node = node
        self.report = report
        recorder = EventRecorder(client, component: "kubelet", host: name, time: time)
        status = StatusManager(client, node.table, objects, time: time, report: report)
        mirrors = MirrorPods(
            client, node.table, objects, node.ownNode, time: time, mayDelete: mayDeleteMirrors, report: report)
        pods = Informer(
            client.resource(Pod.self), selection: ListOptions { $0.fieldSelector = "spec.nodeName=\(name)" }, time: time,
            report: { report("pods of this node: \($0)") })
        nodes = Informer(
            client.resource(Node.self), selection: ListOptions { $0.fieldSelector = "metadata.name=\(name)" }, time: time,
            report: { report("object of this node: \($0)") })
    }

    /// What happens to pods of this node, from now on and in order; those that are there come first.
    ///
    /// - Parameter handle: Called before the next change is taken in. Must be short.
    func followPods(_ handle: @escaping @Sendable (InformerEvent<Pod>) -> Void) { pods.addHandler(handle) }

    /// Returns when the API server's pods are known, or the task is cancelled.
    func waitForPods() async { await pods.waitForSync() }

    /// Runs until the task is cancelled.
    func run() async {
        let events = node.events.listen()
        nodes.addHandler { [own = node.ownNode] event in
            switch event {
            case .added(let node), .updated(_, let node): own.see(node)
            case .deleted: own.forget()
            }
        }
        let reporter = NodeReporter(
            client: client, configuration: node.configuration, images: node.images, health: node.health, own: node.ownNode,
            clock: node.clock, events: recorder, nodeEvents: node.nodeEvents, report: report)
        let lease = NodeLease(
            client: client, nodeName: node.configuration.nodeName, durationSeconds: node.configuration.nodeLeaseDurationSeconds,
            own: node.ownNode, clock: node.clock, report: report)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.pods.run() }
            group.addTask { await self.nodes.run() }
            group.addTask { await self.status.run() }
            group.addTask { await self.mirrors.run() }
            group.addTask { await self.recorder.run() }
            group.addTask { for await event in events { self.record(event) } }
            group.addTask { await reporter.run() }
            group.addTask { await lease.run() }
        }
    }

    private func record(_ event: PodEvent) {
        let reference = ObjectReference {
            $0.kind = "Pod"
            $0.apiVersion = "v1"
            $0.namespace = event.podNamespace
            $0.name = event.podName
            $0.uid = event.podUID
            $0.fieldPath = event.fieldPath.isEmpty ? nil : event.fieldPath
        }
        recorder.record(reference, type: event.kind.rawValue, reason: event.reason, message: event.message)
    }

    /// Asks the API server to delete a pod, since there is nothing that ends it but its object's deletion. Again until it is told.
    func delete(_ pod: Pod, gracePeriodSeconds: Int64?) async {
        var retry = Retry(first: .milliseconds(200), longest: .seconds(7))
        while !Task.isCancelled {
            do throws(ClientError) {
                let pods = client.resource(Pod.self, namespace: pod.namespace)
                return try await pods.delete(pod.name, gracePeriodSeconds: gracePeriodSeconds, uid: pod.uid)
            } catch {
                if error.isNotFound || error.isConflict { return }
                report("delete pod \(pod.namespace)/\(pod.name): \(error)")
                try? await node.clock.sleep(for: retry.next(after: .zero))
            }
        }
    }
}

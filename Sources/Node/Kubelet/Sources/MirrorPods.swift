internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Keeps a mirror pod in the API server for each static pod, and none for others.
final class MirrorPods: Sendable {
    private static let workerCount = 4
    private let client: Client
    private let table: PodTable
    private let objects: KnownPods
    private let node: OwnNode
    private let queue: WorkQueue<ObjectKey>
    private let mayDelete: @Sendable () -> Bool
    private let report: @Sendable (String) -> Void

    /// - Parameter mayDelete: Whether all manifests have been read.
    init(
        _ client: Client, _ table: PodTable, _ objects: KnownPods, _ node: OwnNode, time: any TimeSource,
        mayDelete: @escaping @Sendable () -> Bool, report: @escaping @Sendable (String) -> Void
    ) {
        self.client = client
        self.table = table
        self.objects = objects
        self.node = node
        self.mayDelete = mayDelete
        self.report = report
        queue = WorkQueue(time: time, delays: RetryDelays(first: .milliseconds(20), longest: .seconds(10)))
    }

    /// A static pod of this name, or its mirror, has come, changed or gone.
    func look(_ key: ObjectKey) { queue.add(key) }

    func lookAtAll() { objects.mirrorKeys.forEach(look) }

    func run() async {
        await Reconciler(queue: queue, report: { [report] in report("mirror of pod \($0): \($1)") }) { key in
            try await self.reconcile(key)
        }.run(workers: Self.workerCount)
    }

    private func reconcile(_ key: ObjectKey) async throws(ClientError) -> Reconciler<ObjectKey>.Outcome {
        let pod = staticPod(key)
        let pods = client.resource(Pod.self, namespace: key.namespace)
        switch MirrorPod.step(pod, mirror: objects.mirror(key), mayDelete: mayDelete()) {
        case .nothing: break
        case .create:
            guard let pod, let node = node.object else { return .again(after: .seconds(1)) }
            objects.see(try await pods.create(MirrorPod.object(of: pod, node: node)))
        case .delete(let uid):
            do throws(ClientError) {
                try await pods.delete(key.name, gracePeriodSeconds: 0, uid: uid)
            } catch {
                guard error.isNotFound || error.isConflict else { throw error }
            }
        // The watch tells that it is gone, and then this is asked again.
        }
        return .done
    }

    /// The instance that is there now: one that ends is shown until it has ended.
    private func staticPod(_ key: ObjectKey) -> Pod? {
        let entries = table.entries(namespace: key.namespace, name: key.name).filter { $0.source == .file }
        return (entries.first { $0.deletion != nil } ?? entries.first)?.pod
    }
}

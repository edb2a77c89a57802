internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Empties a namespace whose deletion was asked for, tells in its conditions what holds it up, and lets it go.
package struct NamespaceController: Controller {
    package static let name = "namespace-controller"
    private static let finalizer = "kubernetes"
    private static let workers = 10
    /// Of a pass that left something: doubled up to the longest.
    private static let longestWait = Duration.seconds(5)

    private let context: ControllerContext
    private let cleaner: NamespaceCleaner
    private let queue: WorkQueue<String>

    package init(_ context: ControllerContext) {
        self.context = context
        cleaner = NamespaceCleaner(client: context.client, time: context.time)
        let delays = RetryDelays<String>(
            first: .milliseconds(50), longest: Self.longestWait, bucket: .init(ratePerSecond: 50, burst: 200))
        let queue = WorkQueue<String>(time: context.time, delays: delays)
        self.queue = queue
        let namespaces = context.informers.informer(Namespace.self)
        namespaces.addHandler { event in
            switch event {
            case .added(let namespace), .updated(_, let namespace):
                if namespace.metadata.deletionTimestamp != nil { queue.add(namespace.metadata.name ?? "") }
            case .deleted: break
            }
        }
        // The last pod's end is what the rest waits for.
        context.informers.informer(Pod.self).addHandler { event in
            guard case .deleted(let pod) = event, let name = pod.metadata.namespace,
                namespaces[ObjectKey(name: name)]?.metadata.deletionTimestamp != nil
            else { return }
            queue.add(name)
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: Self.workers)
    }

    private func reconcile(_ name: String) async throws -> Reconciler<String>.Outcome {
        let namespaces = context.client.resource(Namespace.self)
        var namespace: Namespace
        do throws(ClientError) { namespace = try await namespaces.get(name) } catch {
            guard error.isNotFound else { throw error }
            return .done
        }
        guard let deleted = namespace.metadata.deletionTimestamp, namespace.spec.finalizers.contains(Self.finalizer) else { return .done }
        let content = await cleaner.pass(over: name, deleted: deleted)
        namespace = try await tell(content, of: namespace)
        if content.isEmpty {
            namespace.spec.finalizers.removeAll { $0 == Self.finalizer }
            try await ignoringAbsence { () throws(ClientError) in _ = try await namespaces.update(namespace, subresource: "finalize") }
            return .done
        }
        throw StillWaiting()
    }

    private func tell(_ content: NamespaceContent, of namespace: Namespace) async throws(ClientError) -> Namespace {
        var namespace = namespace
        let conditions = content.conditions(after: namespace.status.conditions, now: context.time.wallTime.truncatedToSeconds)
        guard conditions != namespace.status.conditions || namespace.status.phase != "Terminating" else { return namespace }
        namespace.status.phase = "Terminating"
        namespace.status.conditions = conditions
        return try await context.client.resource(Namespace.self).update(namespace, subresource: "status")
    }
}

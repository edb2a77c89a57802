internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What upstream's node-lifecycle, taint-eviction and node IPAM controllers do, which share one account.
package struct NodeController: Controller {
    package static let name = "node-controller"
    private let context: ControllerContext
    private let monitor: NodeMonitor
    private let eviction: TaintEviction
    private let addresses: NodeAddressing?
    private let writes: NodeWrites
    private let nodes: Informer<Node>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        monitor = NodeMonitor(context)
        eviction = TaintEviction(context)
        addresses = NodeAddressing(context)
        writes = NodeWrites(context: context)
        nodes = context.informers.informer(Node.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        nodes.addHandler { event in
            switch event {
            case .added(let node), .updated(_, let node): queue.add(ObjectKey(node))
            case .deleted: break
            }
        }
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await monitor.run() }
            group.addTask { await eviction.run() }
            group.addTask { await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 2) }
            if let addresses { group.addTask { await addresses.run() } }
        }
    }

    /// The taints that keep new pods away follow the conditions at once.
    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let node = nodes[key] else { return .done }
        try await writes.set(NodeTaints.schedulingTaints(of: node, now: context.time.wallTime), on: node)
        return .done
    }
}

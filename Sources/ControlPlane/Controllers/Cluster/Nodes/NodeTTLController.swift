internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Tells node agents, in an annotation, how long they may keep Secrets and ConfigMaps before they ask again: longer in larger clusters.
package struct NodeTTLController: Controller {
    package static let name = "ttl-controller"
    private static let annotation = "node.alpha.kubernetes.io/ttl"
    private let context: ControllerContext
    private let nodes: Informer<Node>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        nodes = context.informers.informer(Node.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        nodes.addHandler { event in
            guard case .added(let node) = event else { return }
            queue.add(ObjectKey(node))
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 2)
    }

    /// Seconds by the number of nodes (upstream's steps).
    static func seconds(nodes: Int) -> Int {
        switch nodes {
        case ...100: 0
        case ...500: 15
        case ...1000: 30
        case ...2000: 60
        default: 300
        }
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        let text = String(Self.seconds(nodes: nodes.objects().count))
        guard let node = nodes[key], node.metadata.annotations[Self.annotation] != text else { return .done }
        let patch: JSONValue = ["metadata": ["annotations": [Self.annotation: .string(text)]]]
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(Node.self).patch(key.name, .strategicMerge, patch)
        }
        return .done
    }
}

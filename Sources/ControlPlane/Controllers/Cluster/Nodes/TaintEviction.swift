internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Deletes pods that do not tolerate the NoExecute taints of their node, or not for longer.
final class TaintEviction: Sendable {
    private static let component = "taint-eviction-controller"
    private let context: ControllerContext
    private let events: EventRecorder
    private let nodes: Informer<Node>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>
    /// Since when a pod's time runs, by its uid.
    private let since = Mutex<[String: Duration]>([:])

    init(_ context: ControllerContext) {
        self.context = context
        events = EventRecorder(context.client, component: Self.component, time: context.time)
        nodes = context.informers.informer(Node.self)
        pods = context.informers.informer(Pod.self)
        queue = WorkQueue(time: context.time)
        pods.addIndex(NodeMonitor.nodeIndex) { [$0.spec.nodeName ?? ""] }
        follow()
    }

    private func follow() {
        pods.addHandler { [self] event in
            switch event {
            case .added(let pod): if Self.concerns(pod, nodes) { queue.add(ObjectKey(pod)) }
            case .updated(let old, let pod):
                let isMoved = old.spec.nodeName != pod.spec.nodeName || old.spec.tolerations != pod.spec.tolerations
                if isMoved, Self.concerns(pod, nodes) { queue.add(ObjectKey(pod)) }
            case .deleted(let pod): since.withLock { $0[pod.metadata.uid ?? ""] = nil }
            }
        }
        nodes.addHandler { [queue, pods] event in
            let name: String
            switch event {
            case .added(let node) where !node.spec.taints.isEmpty: name = node.metadata.name ?? ""
            case .updated(let old, let new) where old.spec.taints != new.spec.taints: name = new.metadata.name ?? ""
            default: return
            }
            for pod in pods.objects(index: NodeMonitor.nodeIndex, value: name) { queue.add(ObjectKey(pod)) }
        }
    }

    private static func concerns(_ pod: Pod, _ nodes: Informer<Node>) -> Bool {
        guard let name = pod.spec.nodeName, let node = nodes[ObjectKey(name: name)] else { return false }
        return node.spec.taints.contains { $0.effect == "NoExecute" }
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [events] in await events.run() }
            group.addTask { [self] in await KeyedLoop(context, queue: queue) { [self] in try await reconcile($0) }.run(workers: 8) }
        }
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let pod = pods[key], pod.metadata.deletionTimestamp == nil, let node = nodes[ObjectKey(name: pod.spec.nodeName ?? "")]
        else { return .done }
        let (uid, now) = (pod.metadata.uid ?? "", context.time.now)
        switch TaintTolerance(pod.spec.tolerations, node.spec.taints) {
        case .stay:
            if since.withLock({ $0.removeValue(forKey: uid) }) != nil { tell(pod, "Cancelling deletion of Pod \(key)") }
            return .done
        case .evict(let patience):
            let begin = since.withLock { since in
                let begin = since[uid] ?? now
                since[uid] = begin
                return begin
            }
            let left = begin + patience - now
            guard left <= .zero else { return .again(after: left) }
            try await evict(pod, key)
            return .done
        }
    }

    private func evict(_ pod: Pod, _ key: ObjectKey) async throws(ClientError) {
        tell(pod, "Marking for deletion Pod \(key)")
        let client = context.client.resource(Pod.self, namespace: key.namespace)
        let condition = PodCondition.disruption(
            "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", for: pod, now: context.time.wallTime)
        try await ignoringAbsence { () throws(ClientError) in
            let patch: JSONValue = [
                "metadata": ["uid": .string(pod.metadata.uid ?? "")], "status": ["conditions": [condition.json]],
            ]
            _ = try await client.patch(key.name, .strategicMerge, patch, subresource: "status")
            try await client.delete(key.name, uid: pod.metadata.uid)
        }
    }

    private func tell(_ pod: Pod, _ message: String) {
        events.record(ObjectReference(pod), type: "Normal", reason: "TaintManagerEviction", message: message)
    }
}

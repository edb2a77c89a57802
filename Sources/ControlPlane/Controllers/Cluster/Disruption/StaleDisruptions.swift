internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Takes back the condition DisruptionTarget of pods that were to be ended and were not.
struct StaleDisruptions: Sendable {
    private static let patience = Duration.seconds(120)
    private let context: ControllerContext
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>

    init(_ context: ControllerContext) {
        self.context = context
        pods = context.informers.informer(Pod.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        pods.addHandler { event in
            switch event {
            case .added(let pod), .updated(_, let pod): if Self.mark(of: pod) != nil { queue.add(ObjectKey(pod), after: Self.patience) }
            case .deleted: break
            }
        }
    }

    private static func mark(of pod: Pod) -> PodCondition? {
        guard pod.metadata.deletionTimestamp == nil, !pod.isTerminal else { return nil }
        return pod.status.conditions.first { $0.type == "DisruptionTarget" && $0.status == "True" }
    }

    func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 1)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let pod = pods[key], var mark = Self.mark(of: pod) else { return .done }
        let now = context.time.wallTime
        if let since = mark.lastTransitionTime, since + Self.patience > now { return .again(after: since + Self.patience - now) }
        mark.status = "False"
        mark.lastTransitionTime = now.truncatedToSeconds
        let patch: JSONValue = ["metadata": ["uid": .string(pod.metadata.uid ?? "")], "status": ["conditions": [mark.json]]]
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(Pod.self, namespace: key.namespace).patch(
                key.name, .strategicMerge, patch, subresource: "status")
        }
        return .done
    }
}

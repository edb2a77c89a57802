internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Keeps the numbers of every PodDisruptionBudget, by which the eviction API decides.
package struct DisruptionController: Controller {
    package static let name = "disruption-controller"
    package static let eventSource = "controllermanager"
    private static let namespaceIndex = "namespace"

    private let context: ControllerContext
    private let budgets: Informer<PodDisruptionBudget>
    private let pods: Informer<Pod>
    private let scales: ControllerScales
    private let queue: WorkQueue<ObjectKey>
    private let stale: StaleDisruptions

    package init(_ context: ControllerContext) {
        self.context = context
        budgets = context.informers.informer(PodDisruptionBudget.self)
        pods = context.informers.informer(Pod.self)
        scales = ControllerScales(context)
        queue = WorkQueue(time: context.time)
        stale = StaleDisruptions(context)
        budgets.addIndex(Self.namespaceIndex) { [$0.metadata.namespace ?? ""] }
        pods.addIndex(Self.namespaceIndex) { [$0.metadata.namespace ?? ""] }
        follow()
    }

    private func follow() {
        let (queue, budgets) = (queue, budgets)
        budgets.addHandler { event in
            switch event {
            case .added(let budget): queue.add(ObjectKey(budget))
            case .updated(let old, let new): if old.spec != new.spec || old.status != new.status { queue.add(ObjectKey(new)) }
            case .deleted: break
            }
        }
        @Sendable func noteBudgets(_ namespace: String?, where isConcerned: @Sendable (PodDisruptionBudget) -> Bool) {
            for budget in budgets.objects(index: Self.namespaceIndex, value: namespace ?? "") where isConcerned(budget) {
                queue.add(ObjectKey(budget))
            }
        }
        pods.addHandler { event in
            switch event {
            case .added(let pod), .deleted(let pod): noteBudgets(pod.metadata.namespace) { $0.selects(pod) }
            case .updated(let old, let new):
                let isSame =
                    old.isReady == new.isReady && old.metadata.labels == new.metadata.labels
                    && (old.metadata.deletionTimestamp == nil) == (new.metadata.deletionTimestamp == nil)
                if !isSame { noteBudgets(new.metadata.namespace) { $0.selects(old) || $0.selects(new) } }
            }
        }
        // A scale that changes changes what is expected.
        func followScales<Object: KubernetesObject>(_ type: Object.Type) {
            context.informers.informer(type).addHandler { event in
                guard case .updated(let old, let new) = event, old.metadata.generation != new.metadata.generation else { return }
                noteBudgets(new.metadata.namespace) { DisruptionBudget.Rule($0.spec)?.needsScale == true }
            }
        }
        followScales(Deployment.self)
        followScales(ReplicaSet.self)
        followScales(StatefulSet.self)
        followScales(ReplicationController.self)
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await stale.run() }
            group.addTask { await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run() }
        }
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let budget = budgets[key] else { return .done }
        let matching = pods.objects(index: Self.namespaceIndex, value: key.namespace).filter(budget.selects)
        if matching.isEmpty { tell(budget, "Normal", "NoPods", "No matching pods found") }
        let counts: (expected: Int, desiredHealthy: Int)
        do { counts = try await self.counts(budget, matching) } catch {
            tell(budget, "Warning", "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: \(error)")
            try await write(DisruptionBudget.failedStatus(of: budget, "\(error)", now: context.time.wallTime), of: budget)
            throw error
        }
        let now = context.time.wallTime
        let disrupted = DisruptionBudget.Disrupted(budget.status.disruptedPods, matching, now: now)
        for pod in disrupted.stayed {
            context.events.record(
                ObjectReference(pod), type: "Warning", reason: "NotDeleted",
                message: "Pod was expected by PDB \(key) to be deleted but it wasn't")
        }
        let status = DisruptionBudget.status(
            of: budget, expected: counts.expected, desiredHealthy: counts.desiredHealthy,
            healthy: DisruptionBudget.healthyCount(matching, disrupted), disrupted: disrupted, now: now)
        try await write(status, of: budget)
        return disrupted.recheck.map { .again(after: $0 - now) } ?? .done
    }

    private func counts(_ budget: PodDisruptionBudget, _ pods: [Pod]) async throws -> (expected: Int, desiredHealthy: Int) {
        guard let rule = DisruptionBudget.Rule(budget.spec) else { return (0, 0) }
        guard rule.needsScale else { return rule.counts(scale: 0, pods: pods.count) }
        let (scale, unmanaged) = try await scales.total(of: pods)
        if !unmanaged.isEmpty {
            let selector = (try? budget.spec.selector?.selector()).flatMap { $0 }.map { "\($0)" } ?? ""
            tell(
                budget, "Warning", "UnmanagedPods",
                "Pods selected by this PodDisruptionBudget (selector: \(selector)) were found to be unmanaged. As a result, the status of "
                    + "the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please "
                    + "set \".spec.minAvailable\" field of the PDB to an integer value.")
        }
        return rule.counts(scale: scale, pods: pods.count)
    }

    private func write(_ status: PodDisruptionBudgetStatus, of budget: PodDisruptionBudget) async throws(ClientError) {
        guard status != budget.status else { return }
        var new = budget
        new.status = status
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(PodDisruptionBudget.self, namespace: budget.metadata.namespace).update(
                new, subresource: "status")
        }
    }

    private func tell(_ budget: PodDisruptionBudget, _ type: String, _ reason: String, _ message: String) {
        context.events.record(ObjectReference(budget), type: type, reason: reason, message: message)
    }
}

extension PodDisruptionBudget {
    /// An empty selector means every pod of the namespace, a missing one none.
    func selects(_ pod: Pod) -> Bool {
        guard pod.metadata.namespace == metadata.namespace, let selector = try? spec.selector?.selector() else { return false }
        return selector.matches(pod.metadata.labels)
    }
}

internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Brings the pods of a Deployment from one template to the next by making and resizing ReplicaSets.
struct DeploymentController: Controller {
    static let name = "deployment-controller"

    private let context: ControllerContext
    private let deployments: Informer<Deployment>
    private let sets: Informer<ReplicaSet>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>
    private let written: OwnWrites<ReplicaSet>
    private let writtenDeployments: OwnWrites<Deployment>
    private let adoption: Adoption<Deployment, ReplicaSet>

    init(_ context: ControllerContext) {
        self.context = context
        deployments = context.informers.informer(Deployment.self)
        sets = context.informers.informer(ReplicaSet.self)
        pods = context.informers.informer(Pod.self)
        queue = WorkQueue(time: context.time)
        written = OwnWrites(sets, time: context.time)
        writtenDeployments = OwnWrites(deployments, time: context.time)
        adoption = Adoption(client: context.client, written: written)
        deployments.addNamespaceIndex()
        sets.addOwnershipIndexes()
        pods.addOwnershipIndexes()
        watch()
    }

    func run() async {
        await context.informers.waitForSync()
        await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 5)
    }

    // MARK: Who is to be looked at

    private func watch() {
        let (queue, deployments, sets, written, writtenDeployments) = (queue, deployments, sets, written, writtenDeployments)
        deployments.addHandler { event in
            switch event {
            case .added(let deployment), .updated(_, let deployment): queue.add(ObjectKey(deployment))
            case .deleted(let deployment):
                written.forget(ObjectKey(deployment))
                writtenDeployments.forget(ObjectKey(deployment))
            }
        }
        let routes = ChildRoutes<ReplicaSet>(
            kind: Deployment.groupVersionKind, queue: queue,
            candidates: { set in
                deployments.indexed(namespace: set.metadata.namespace ?? "").filter { deployment in
                    (try? deployment.spec.selector.selector()).map { !$0.isEmpty && $0.matches(set.metadata.labels) } ?? false
                }.map { ObjectKey($0) }
            })
        sets.addHandler { routes.handle($0) }
        pods.addHandler { event in
            guard let key = Self.waitingDeployment(event, sets, deployments) else { return }
            queue.add(key)
        }
    }

    /// The Deployment that waits for the end of a pod before it makes new ones.
    private static func waitingDeployment(
        _ event: InformerEvent<Pod>, _ sets: Informer<ReplicaSet>, _ deployments: Informer<Deployment>
    ) -> ObjectKey? {
        let pod: Pod
        switch event {
        case .deleted(let gone): pod = gone
        case .updated(let old, let new) where new.isTerminal && !old.isTerminal: pod = new
        default: return nil
        }
        let setKey = pod.metadata.controller?.key(of: ReplicaSet.groupVersionKind, namespace: pod.metadata.namespace)
        guard let set = setKey.flatMap({ sets[$0] }),
            let key = set.metadata.controller?.key(of: Deployment.groupVersionKind, namespace: set.metadata.namespace),
            let deployment = deployments[key], !deployment.isRolling
        else { return nil }
        return key
    }

    // MARK: One look

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let deployment = deployments[key] else { return .done }
        guard written.areSeen(for: key), writtenDeployments.areSeen(for: key) else {
            return .again(after: OwnWrites<ReplicaSet>.patience)
        }
        let owner = Owner(deployment)
        let selector = try deployment.spec.selector.selector()
        guard !selector.isEmpty else {
            try await refuse(deployment, owner)
            return .done
        }
        let candidates = sets.owned(byUID: owner.uid) + sets.orphans(in: owner.namespace)
        let own = try await adoption.claim(candidates, by: deployment, selector)
        var rollout = DeploymentRollout(deployment, sets: own, hasOldPods: { hasOldPods(own, newUID: $0) }, now: context.time.wallTime)
        let (writes, again) = rollout.plan()
        do throws(ClientError) {
            try await DeploymentWriter(
                client: context.client, events: context.events, written: written, writtenDeployments: writtenDeployments,
                now: context.time.wallTime
            ).perform(writes, for: deployment)
        } catch {
            // Somebody changed it after we had read it: the event of the change brings us back.
            if !error.isConflict { throw error }
        }
        return again.map { .again(after: $0) } ?? .done
    }

    private func hasOldPods(_ sets: [ReplicaSet], newUID: String?) -> Bool {
        sets.contains { set in
            set.metadata.uid != newUID && pods.owned(byUID: set.metadata.uid ?? "").contains { !$0.isTerminal }
        }
    }

    private func refuse(_ deployment: Deployment, _ owner: Owner) async throws {
        context.events.warning(
            owner, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")
        guard deployment.status.observedGeneration ?? 0 < deployment.metadata.generation ?? 0 else { return }
        var changed = deployment
        changed.status.observedGeneration = deployment.metadata.generation
        _ = try await context.client.resource(Deployment.self, namespace: owner.namespace).update(changed, subresource: "status")
    }
}

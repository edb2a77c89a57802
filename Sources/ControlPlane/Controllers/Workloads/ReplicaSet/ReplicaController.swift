internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Keeps so many pods as a ReplicaSet or ReplicationController asks for.
struct ReplicaController<Kind: ReplicatedKind>: Controller {
    static var name: String { Kind.controllerName }
    /// The most that one look at a set creates or deletes.
    static var burst: Int { 500 }

    private let context: ControllerContext
    private let owners: Informer<Kind>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>
    private let written: OwnWrites<Pod>
    private let writtenOwners: OwnWrites<Kind>
    private let control: PodControl
    private let adoption: Adoption<Kind, Pod>

    init(_ context: ControllerContext) {
        self.context = context
        owners = context.informers.informer(Kind.self)
        pods = context.informers.informer(Pod.self)
        queue = WorkQueue(time: context.time)
        written = OwnWrites(pods, time: context.time)
        writtenOwners = OwnWrites(owners, time: context.time)
        control = PodControl(client: context.client, events: context.events)
        adoption = Adoption(client: context.client, written: written)
        pods.addOwnershipIndexes()
        owners.addOwnershipIndexes()
        owners.addNamespaceIndex()
        watch()
    }

    func run() async {
        await context.informers.waitForSync()
        await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 5)
    }

    // MARK: Who is to be looked at

    private func watch() {
        let (queue, owners, written, writtenOwners) = (queue, owners, written, writtenOwners)
        owners.addHandler { event in
            switch event {
            case .added(let owner): queue.add(ObjectKey(owner))
            case .updated(_, let owner): queue.add(ObjectKey(owner))
            case .deleted(let owner):
                written.forget(ObjectKey(owner))
                writtenOwners.forget(ObjectKey(owner))
            }
        }
        let routes = ChildRoutes<Pod>(
            kind: Kind.groupVersionKind, queue: queue, differs: { $1.differsForController(from: $0) },
            candidates: { pod in
                owners.indexed(namespace: pod.metadata.namespace ?? "").filter { owner in
                    (try? owner.asReplicaSet.spec.selector.selector()).map { !$0.isEmpty && $0.matches(pod.metadata.labels) } ?? false
                }.map { ObjectKey($0) }
            })
        pods.addHandler { routes.handle($0) }
    }

    // MARK: One look

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let object = owners[key] else { return .done }
        guard written.areSeen(for: key), writtenOwners.areSeen(for: key) else { return .again(after: OwnWrites<Pod>.patience) }
        let set = object.asReplicaSet
        let selector = try set.spec.selector.selector()
        let owner = Owner(object)
        let all = pods.owned(byUID: owner.uid) + pods.orphans(in: owner.namespace)
        let active = try await adoption.claim(all.filter(\.isActive), by: object, selector)
        let terminating = all.filter { pod in
            pod.isTerminating && pod.metadata.isControlled(by: owner) && selector.matches(pod.metadata.labels)
        }
        let failure = set.metadata.isBeingDeleted ? nil : await manage(set, active, owner)
        let now = context.time.wallTime
        try await write(
            set.countedStatus(active: active, terminating: terminating, failure: failure.map { "\($0)" }, at: now), of: object, set)
        if let failure { throw failure }
        return active.nextAvailability(minReadySeconds: set.spec.minReadySeconds ?? 0, at: now).map { .again(after: $0) } ?? .done
    }

    /// Creates what is missing, or deletes what is too much.
    private func manage(_ set: ReplicaSet, _ active: [Pod], _ owner: Owner) async -> (any Error)? {
        let missing = Int(set.spec.replicas ?? 1) - active.count
        if missing > 0, let template = set.spec.template { return await create(min(missing, Self.burst), template, owner) }
        guard missing < 0 else { return nil }
        let victims = DeletionRank.victims(
            among: active, count: min(-missing, Self.burst), related: related(to: set, active), at: context.time.wallTime)
        return await delete(victims, owner)
    }

    private func create(_ count: Int, _ template: PodTemplateSpec, _ owner: Owner) async -> (any Error)? {
        await slowStart(count) { _ in
            do {
                written.wrote(try await control.create(template, for: owner), for: owner.key)
            } catch let error as ClientError where error.isNamespaceTerminating {
                // Deletion of the namespace takes the owner too.
            }
        }.failure
    }

    private func delete(_ victims: [Pod], _ owner: Owner) async -> (any Error)? {
        await together(0..<victims.count) { number in
            let pod = victims[number]
            written.willDelete(pod, for: owner.key)
            do throws(ClientError) {
                try await control.delete(pod, for: owner)
            } catch {
                written.didNotDelete(pod, for: owner.key)
                if !error.isNotFound { throw error }
            }
        }.failure
    }

    /// The pods of all sets that the same owner has: those of one Deployment are one application.
    private func related(to set: ReplicaSet, _ active: [Pod]) -> [Pod] {
        guard let owner = set.metadata.controller else { return active }
        return owners.owned(byUID: owner.uid).flatMap { pods.owned(byUID: $0.metadata.uid ?? "") }
    }

    private func write(_ status: ReplicaSetStatus, of object: Kind, _ set: ReplicaSet) async throws {
        // Through the kind and back: what its status has no field for is no difference.
        let changed = object.with(status)
        guard changed != object else { return }
        do throws(ClientError) {
            let answer = try await context.client.resource(Kind.self, namespace: object.metadata.namespace).update(
                changed, subresource: "status")
            writtenOwners.wrote(answer, for: ObjectKey(object))
        } catch {
            // Gone or changed meanwhile: the event that says so brings us back.
            if !error.isConflict, !error.isNotFound { throw error }
        }
    }
}

internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Keeps pods that have a name and claims of their own.
struct StatefulSetController: Controller {
    static let name = "statefulset-controller"

    private let context: ControllerContext
    private let sets: Informer<StatefulSet>
    private let pods: Informer<Pod>
    private let revisions: Informer<ControllerRevision>
    private let queue: WorkQueue<ObjectKey>
    private let writtenSets: OwnWrites<StatefulSet>
    private let writtenRevisions: OwnWrites<ControllerRevision>
    private let writer: StatefulWriter

    init(_ context: ControllerContext) {
        self.context = context
        sets = context.informers.informer(StatefulSet.self)
        pods = context.informers.informer(Pod.self)
        revisions = context.informers.informer(ControllerRevision.self)
        let claims = context.informers.informer(PersistentVolumeClaim.self)
        queue = WorkQueue(time: context.time)
        writtenSets = OwnWrites(sets, time: context.time)
        writtenRevisions = OwnWrites(revisions, time: context.time)
        writer = StatefulWriter(
            client: context.client, events: context.events, claims: claims, writtenPods: OwnWrites(pods, time: context.time),
            writtenClaims: OwnWrites(claims, time: context.time))
        sets.addNamespaceIndex()
        pods.addOwnershipIndexes()
        revisions.addOwnershipIndexes()
        watch()
    }

    func run() async {
        await context.informers.waitForSync()
        await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 5)
    }

    // MARK: Who is to be looked at

    private func watch() {
        let (queue, sets, writer, writtenSets, writtenRevisions) = (queue, sets, writer, writtenSets, writtenRevisions)
        sets.addHandler { event in
            switch event {
            case .added(let set), .updated(_, let set): queue.add(ObjectKey(set))
            case .deleted(let set):
                writer.writtenPods.forget(ObjectKey(set))
                writer.writtenClaims.forget(ObjectKey(set))
                writtenSets.forget(ObjectKey(set))
                writtenRevisions.forget(ObjectKey(set))
            }
        }
        @Sendable func candidates(_ labels: [String: String], _ namespace: String?) -> [ObjectKey] {
            sets.indexed(namespace: namespace ?? "").filter { set in
                (try? set.spec.selector.selector()).map { !$0.isEmpty && $0.matches(labels) } ?? false
            }.map { ObjectKey($0) }
        }
        let podRoutes = ChildRoutes<Pod>(
            kind: StatefulSet.groupVersionKind, queue: queue, differs: { $1.differsForController(from: $0) },
            candidates: { candidates($0.metadata.labels, $0.metadata.namespace) })
        pods.addHandler { podRoutes.handle($0) }
        let revisionRoutes = ChildRoutes<ControllerRevision>(
            kind: StatefulSet.groupVersionKind, queue: queue, candidates: { candidates($0.metadata.labels, $0.metadata.namespace) })
        revisions.addHandler { revisionRoutes.handle($0) }
        let owners = ChildRoutes<PersistentVolumeClaim>(kind: StatefulSet.groupVersionKind, queue: queue)
        writer.claims.addHandler { event in
            owners.handle(event)
            // A set waits for a claim that goes with a former pod.
            if case .deleted(let claim) = event {
                for set in sets.indexed(namespace: claim.metadata.namespace ?? "") where !set.spec.volumeClaimTemplates.isEmpty {
                    queue.add(ObjectKey(set))
                }
            }
        }
    }

    // MARK: One look

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let set = sets[key] else { return .done }
        guard writtenSets.areSeen(for: key), writtenRevisions.areSeen(for: key), writer.writtenPods.areSeen(for: key),
            writer.writtenClaims.areSeen(for: key)
        else { return .again(after: OwnWrites<Pod>.patience) }
        let owner = Owner(set)
        let selector = try set.spec.selector.selector()
        guard !selector.isEmpty else { return .done }
        do {
            return try await look(set, owner, selector)
        } catch let error as ClientError where error.isConflict {
            // Changed meanwhile: the event of the change brings us back.
            return .done
        }
    }

    private func look(_ set: StatefulSet, _ owner: Owner, _ selector: Selector) async throws -> Reconciler<ObjectKey>.Outcome {
        let ownRevisions = try await Adoption<StatefulSet, ControllerRevision>(client: context.client, written: writtenRevisions).claim(
            revisions.owned(byUID: owner.uid) + revisions.orphans(in: owner.namespace), by: set, selector)
        let own = try await Adoption<StatefulSet, Pod>(client: context.client, written: writer.writtenPods).claim(
            pods.owned(byUID: owner.uid) + pods.orphans(in: owner.namespace), by: set
        ) { selector.matches($0.metadata.labels) && set.ordinal(of: $0) != nil }
        let revisionWriter = RevisionWriter(client: context.client, written: writtenRevisions)
        let present = RevisionHistory.present(
            of: owner, template: set.spec.template, ownRevisions, collisionCount: set.status.collisionCount ?? 0,
            style: RevisionHistory.statefulSets, annotations: [:])
        guard case .present(let update) = try await revisionWriter.write(present, for: owner) else {
            var status = set.status
            status.collisionCount = (status.collisionCount ?? 0) + 1
            try await write(status, of: set)
            return .done
        }
        let current = ownRevisions.first { $0.metadata.name == set.status.currentRevision } ?? update
        let now = context.time.wallTime
        let plan = StatefulSync(set, current: current, update: update, pods: own, now: now).plan()
        let failure = await writer.perform(plan.steps, set)
        try await write(plan.status, of: set)
        if let failure { throw failure }
        let live = Set(own.compactMap(\.setRevision) + [current, update].compactMap(\.metadata.name))
        try await revisionWriter.delete(
            RevisionHistory.surplus(ownRevisions, limit: set.spec.revisionHistoryLimit, live: live), for: owner)
        return own.nextAvailability(minReadySeconds: set.spec.minReadySeconds ?? 0, at: now).map { .again(after: $0) } ?? .done
    }

    private func write(_ status: StatefulSetStatus, of set: StatefulSet) async throws(ClientError) {
        guard status != set.status else { return }
        var changed = set
        changed.status = status
        // Upstream always writes it.
        changed.status.availableReplicas = status.availableReplicas ?? 0
        let answer = try await context.client.resource(StatefulSet.self, namespace: set.metadata.namespace).update(
            changed, subresource: "status")
        writtenSets.wrote(answer, for: ObjectKey(set))
    }
}

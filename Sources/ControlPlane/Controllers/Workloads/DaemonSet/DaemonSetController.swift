internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Keeps one pod on each node that fits.
struct DaemonSetController: Controller {
    static let name = "daemon-set-controller"
    static let eventSource = "daemonset-controller"
    private static let burst = 250

    private let context: ControllerContext
    private let sets: Informer<DaemonSet>
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>
    private let revisions: Informer<ControllerRevision>
    private let queue: WorkQueue<ObjectKey>
    private let writtenSets: OwnWrites<DaemonSet>
    private let writtenPods: OwnWrites<Pod>
    private let writtenRevisions: OwnWrites<ControllerRevision>
    private let backoff = FailedPodBackoff()

    init(_ context: ControllerContext) {
        self.context = context
        sets = context.informers.informer(DaemonSet.self)
        pods = context.informers.informer(Pod.self)
        nodes = context.informers.informer(Node.self)
        revisions = context.informers.informer(ControllerRevision.self)
        queue = WorkQueue(time: context.time)
        writtenSets = OwnWrites(sets, time: context.time)
        writtenPods = OwnWrites(pods, time: context.time)
        writtenRevisions = OwnWrites(revisions, time: context.time)
        sets.addNamespaceIndex()
        pods.addOwnershipIndexes()
        revisions.addOwnershipIndexes()
        watch()
    }

    func run() async {
        await context.informers.waitForSync()
        await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 2)
    }

    // MARK: Who is to be looked at

    private func watch() {
        let (queue, sets, backoff) = (queue, sets, backoff)
        let (writtenSets, writtenPods, writtenRevisions) = (writtenSets, writtenPods, writtenRevisions)
        sets.addHandler { event in
            switch event {
            case .added(let set), .updated(_, let set): queue.add(ObjectKey(set))
            case .deleted(let set):
                writtenSets.forget(ObjectKey(set))
                writtenPods.forget(ObjectKey(set))
                writtenRevisions.forget(ObjectKey(set))
                backoff.forget(prefix: "\(set.metadata.uid ?? "")/")
            }
        }
        @Sendable func candidates(_ labels: [String: String], _ namespace: String?) -> [ObjectKey] {
            sets.indexed(namespace: namespace ?? "").filter { set in
                (try? set.spec.selector.selector()).map { !$0.isEmpty && $0.matches(labels) } ?? false
            }.map { ObjectKey($0) }
        }
        let podRoutes = ChildRoutes<Pod>(
            kind: DaemonSet.groupVersionKind, queue: queue,
            differs: { $1.differsForController(from: $0) || $0.spec.nodeName != $1.spec.nodeName },
            candidates: { candidates($0.metadata.labels, $0.metadata.namespace) })
        pods.addHandler { podRoutes.handle($0) }
        let revisionRoutes = ChildRoutes<ControllerRevision>(
            kind: DaemonSet.groupVersionKind, queue: queue, candidates: { candidates($0.metadata.labels, $0.metadata.namespace) })
        revisions.addHandler { revisionRoutes.handle($0) }
        nodes.addHandler { event in
            for set in Self.affected(by: event, sets.objects()) { queue.add(ObjectKey(set)) }
        }
    }

    /// Heartbeats change nothing: only labels, taints and the coming and going of nodes do.
    private static func affected(by event: InformerEvent<Node>, _ sets: @autoclosure () -> [DaemonSet]) -> [DaemonSet] {
        switch event {
        case .added(let node): sets().filter { DaemonNodeFit($0.spec.template.spec, node).shouldRun }
        case .deleted(let node): sets().filter { DaemonNodeFit($0.spec.template.spec, node).mayContinue }
        case .updated(let old, let new):
            old.metadata.labels == new.metadata.labels && old.spec.taints == new.spec.taints
                ? []
                : sets().filter { DaemonNodeFit($0.spec.template.spec, old) != DaemonNodeFit($0.spec.template.spec, new) }
        }
    }

    // MARK: One look

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let set = sets[key], !set.metadata.isBeingDeleted else { return .done }
        guard writtenSets.areSeen(for: key), writtenPods.areSeen(for: key), writtenRevisions.areSeen(for: key) else {
            return .again(after: OwnWrites<Pod>.patience)
        }
        let owner = Owner(set)
        let selector = try set.spec.selector.selector()
        guard !selector.isEmpty else {
            context.events.warning(
                owner, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.")
            return .done
        }
        do throws(ClientError) {
            return try await look(set, owner, selector)
        } catch {
            // Changed meanwhile: the event of the change brings us back.
            if error.isConflict { return .done }
            throw error
        }
    }

    private func look(_ set: DaemonSet, _ owner: Owner, _ selector: Selector) async throws(ClientError) -> Reconciler<ObjectKey>.Outcome {
        let (ownRevisions, own) = try await claim(set, owner, selector)
        guard let (present, hash) = try await presentRevision(set, owner, ownRevisions) else { return .done }
        let sync = DaemonSync(set, hash: hash, nodes: nodes.objects(), pods: own, now: context.time.wallTime)
        let (monotonic, uid) = (context.time.now, "\(owner.uid)/\(set.status.observedGeneration ?? 0)")
        var plan = sync.manage { backoff.wait("\(uid)/\($0)", at: monotonic) }
        let again = plan.again
        if plan.isEmpty, set.spec.updateStrategy.type != "OnDelete" { plan = sync.update() }
        tell(of: plan.ended, owner)
        let failure = await perform(plan, set, owner, hash)
        let live = Set(own.compactMap { $0.metadata.labels[DaemonPods.hashLabel] }.map { "\(owner.name)-\($0)" })
        let old = ownRevisions.filter { $0.metadata.name != present.metadata.name }
        try await revisionWriter.delete(
            RevisionHistory.surplus(old, limit: set.spec.revisionHistoryLimit, live: live), for: owner)
        try await write(sync.status(), of: set)
        if let failure { throw failure }
        let available = own.nextAvailability(minReadySeconds: set.spec.minReadySeconds ?? 0, at: context.time.wallTime)
        return [again, available].compactMap { $0 }.min().map { .again(after: $0) } ?? .done
    }

    private var revisionWriter: RevisionWriter { RevisionWriter(client: context.client, written: writtenRevisions) }

    private func claim(
        _ set: DaemonSet, _ owner: Owner, _ selector: Selector
    ) async throws(ClientError) -> (revisions: [ControllerRevision], pods: [Pod]) {
        do {
            let pods = try await Adoption<DaemonSet, Pod>(client: context.client, written: writtenPods).claim(
                pods.owned(byUID: owner.uid) + pods.orphans(in: owner.namespace), by: set, selector)
            let revisions = try await Adoption<DaemonSet, ControllerRevision>(client: context.client, written: writtenRevisions).claim(
                revisions.owned(byUID: owner.uid) + revisions.orphans(in: owner.namespace), by: set, selector)
            return (revisions, pods)
        } catch { throw error as? ClientError ?? .unreadable("\(error)") }
    }

    /// - Returns: nil when the hash must become another first.
    private func presentRevision(
        _ set: DaemonSet, _ owner: Owner, _ revisions: [ControllerRevision]
    ) async throws(ClientError) -> (ControllerRevision, hash: String)? {
        let present = RevisionHistory.present(
            of: owner, template: set.spec.template, revisions, collisionCount: set.status.collisionCount,
            style: RevisionHistory.daemonSets, annotations: set.metadata.annotations)
        switch try await revisionWriter.write(present, for: owner) {
        case .present(let revision): return (revision, revision.metadata.labels[DaemonPods.hashLabel] ?? "")
        case .collision:
            var status = set.status
            status.collisionCount = (status.collisionCount ?? 0) + 1
            try await write(status, of: set)
            return nil
        }
    }

    private func tell(of ended: [Pod], _ owner: Owner) {
        for pod in ended {
            let place = "\(owner.namespace)/\(pod.metadata.name ?? "") on node \(DaemonPods.node(of: pod) ?? "")"
            if pod.status.phase == "Failed" {
                context.events.warning(owner, "FailedDaemonPod", "Found failed daemon pod \(place), will try to kill it")
            } else {
                context.events.normal(owner, "SucceededDaemonPod", "Found succeeded daemon pod \(place), will try to delete it")
            }
        }
    }

    private func perform(_ plan: DaemonSync.Plan, _ set: DaemonSet, _ owner: Owner, _ hash: String) async -> ClientError? {
        let control = PodControl(client: context.client, events: context.events)
        let template = DaemonPods.template(of: set, hash: hash)
        let nodes = plan.create.prefix(Self.burst)
        let (_, failure) = await slowStart(nodes.count) { number in
            do throws(ClientError) {
                let pod = try await control.create(DaemonPods.template(template, on: nodes[number]), for: owner)
                writtenPods.wrote(pod, for: owner.key)
            } catch {
                if !error.isNamespaceTerminating { throw error }
            }
        }
        let victims = Array(plan.delete.prefix(Self.burst))
        let (_, deletionFailure) = await together(0..<victims.count) { number in
            writtenPods.willDelete(victims[number], for: owner.key)
            do throws(ClientError) { try await control.delete(victims[number], for: owner) } catch {
                writtenPods.didNotDelete(victims[number], for: owner.key)
                if !error.isNotFound { throw error }
            }
        }
        return (failure ?? deletionFailure) as? ClientError
    }

    private func write(_ status: DaemonSetStatus, of set: DaemonSet) async throws(ClientError) {
        guard status != set.status else { return }
        var changed = set
        changed.status = status
        let answer = try await context.client.resource(DaemonSet.self, namespace: set.metadata.namespace).update(
            changed, subresource: "status")
        writtenSets.wrote(answer, for: ObjectKey(set))
    }
}

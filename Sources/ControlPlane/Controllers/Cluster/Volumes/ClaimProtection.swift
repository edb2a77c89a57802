internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Keeps a claim that is to be deleted as long as a pod uses it.
package struct ClaimProtection: Controller {
    package static let name = "pvc-protection-controller"
    private static let finalizer = "kubernetes.io/pvc-protection"
    private let context: ControllerContext
    private let claims: Informer<PersistentVolumeClaim>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        claims = context.informers.informer(PersistentVolumeClaim.self)
        pods = context.informers.informer(Pod.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        pods.addIndex(VolumeLoop.claimIndex) { pod in pod.claimNames.map { "\(pod.metadata.namespace ?? "")/\($0)" } }
        claims.addHandler { event in
            guard case .added(let claim) = event else {
                if case .updated(_, let claim) = event { queue.add(ObjectKey(claim)) }
                return
            }
            queue.add(ObjectKey(claim))
        }
        pods.addHandler { event in
            let pod: Pod
            switch event {
            case .deleted(let gone): pod = gone
            case .updated(let old, let new) where !old.isTerminal && new.isTerminal: pod = new
            default: return
            }
            for name in pod.claimNames { queue.add(ObjectKey(namespace: pod.metadata.namespace ?? "", name: name)) }
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 2)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard var claim = claims[key] else { return .done }
        let client = context.client.resource(PersistentVolumeClaim.self, namespace: key.namespace)
        let hasFinalizer = claim.metadata.finalizers.contains(Self.finalizer)
        if claim.metadata.deletionTimestamp == nil {
            guard !hasFinalizer else { return .done }
            claim.metadata.finalizers.append(Self.finalizer)
        } else {
            guard hasFinalizer, try await !isUsed(key) else { return .done }
            claim.metadata.finalizers.removeAll { $0 == Self.finalizer }
        }
        try await ignoringAbsence { () throws(ClientError) in _ = try await client.update(claim) }
        return .done
    }

    /// The copy says no only after the server has said so too: what is let go is lost.
    private func isUsed(_ key: ObjectKey) async throws(ClientError) -> Bool {
        func uses(_ pod: Pod) -> Bool { pod.claimNames.contains(key.name) && !pod.isTerminal && !(pod.spec.nodeName ?? "").isEmpty }
        if pods.objects(index: VolumeLoop.claimIndex, value: key.description).contains(where: uses) { return true }
        return try await context.client.resource(Pod.self, namespace: key.namespace).listAll().items.contains(where: uses)
    }
}

/// Keeps a volume that is to be deleted as long as it is bound.
package struct VolumeProtection: Controller {
    package static let name = "pv-protection-controller"
    private static let finalizer = "kubernetes.io/pv-protection"
    private let context: ControllerContext
    private let volumes: Informer<PersistentVolume>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        volumes = context.informers.informer(PersistentVolume.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        volumes.addHandler { event in
            switch event {
            case .added(let volume), .updated(_, let volume): queue.add(ObjectKey(volume))
            case .deleted: break
            }
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 2)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard var volume = volumes[key] else { return .done }
        let hasFinalizer = volume.metadata.finalizers.contains(Self.finalizer)
        if volume.metadata.deletionTimestamp == nil {
            guard !hasFinalizer else { return .done }
            volume.metadata.finalizers.append(Self.finalizer)
        } else {
            guard hasFinalizer, volume.status.phase != "Bound" else { return .done }
            volume.metadata.finalizers.removeAll { $0 == Self.finalizer }
        }
        try await ignoringAbsence { () throws(ClientError) in _ = try await context.client.resource(PersistentVolume.self).update(volume) }
        return .done
    }
}

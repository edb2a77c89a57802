internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Binds claims and volumes, makes volumes of local directories, and reclaims those that are released.
package struct VolumeBinder: Controller {
    package static let name = "persistent-volume-binder"
    package static let eventSource = "persistentvolume-controller"
    private let context: ControllerContext
    private let loop: VolumeLoop

    package init(_ context: ControllerContext) {
        self.context = context
        loop = VolumeLoop(context)
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            // One at a time of each kind, so that no two claims choose the same volume.
            group.addTask { await KeyedLoop(context, queue: loop.claimQueue) { try await loop.reconcile(claim: $0) }.run(workers: 1) }
            group.addTask { await KeyedLoop(context, queue: loop.volumeQueue) { try await loop.reconcile(volume: $0) }.run(workers: 1) }
        }
    }
}

/// The loops over claims and over volumes.
final class VolumeLoop: Sendable {
    private static let resync = Duration.seconds(15)
    static let claimIndex = "claim"

    let claimQueue: WorkQueue<ObjectKey>
    let volumeQueue: WorkQueue<ObjectKey>
    private let context: ControllerContext
    private let writes: VolumeWrites
    private let claims: Informer<PersistentVolumeClaim>
    private let volumes: Informer<PersistentVolume>
    private let classes: Informer<StorageClass>
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>

    init(_ context: ControllerContext) {
        self.context = context
        claimQueue = WorkQueue(time: context.time)
        volumeQueue = WorkQueue(time: context.time)
        claims = context.informers.informer(PersistentVolumeClaim.self)
        volumes = context.informers.informer(PersistentVolume.self)
        classes = context.informers.informer(StorageClass.self)
        pods = context.informers.informer(Pod.self)
        nodes = context.informers.informer(Node.self)
        writes = VolumeWrites(context: context, own: OwnWrites(volumes, time: context.time))
        pods.addIndex(Self.claimIndex) { pod in pod.claimNames.map { "\(pod.metadata.namespace ?? "")/\($0)" } }
        follow()
    }

    private func follow() {
        claims.addHandler { [claimQueue, volumeQueue] event in
            switch event {
            case .added(let claim), .updated(_, let claim): claimQueue.add(ObjectKey(claim))
            case .deleted(let claim):
                if let volume = claim.spec.volumeName, !volume.isEmpty { volumeQueue.add(ObjectKey(name: volume)) }
            }
        }
        volumes.addHandler { [claimQueue, volumeQueue, claims] event in
            switch event {
            case .added(let volume), .updated(_, let volume):
                volumeQueue.add(ObjectKey(volume))
                if let claim = volume.spec.claimRef {
                    claimQueue.add(ObjectKey(namespace: claim.namespace ?? "", name: claim.name ?? ""))
                } else if volume.status.phase == "Available" {
                    // One may be what a claim waits for.
                    for claim in claims.objects() where claim.status.phase != "Bound" { claimQueue.add(ObjectKey(claim)) }
                }
            case .deleted(let volume):
                guard let claim = volume.spec.claimRef else { return }
                claimQueue.add(ObjectKey(namespace: claim.namespace ?? "", name: claim.name ?? ""))
            }
        }
        classes.addHandler { [claimQueue, claims] event in
            guard case .added = event else { return }
            for claim in claims.objects() where claim.status.phase != "Bound" { claimQueue.add(ObjectKey(claim)) }
        }
    }

    // MARK: claims

    func reconcile(claim key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let claim = claims[key] else { return .done }
        guard writes.own.areSeen(for: key) else { return .again(after: .milliseconds(20)) }
        let waiting = pods.objects(index: Self.claimIndex, value: key.description).filter { ($0.spec.nodeName ?? "").isEmpty }
        let around = ClaimDecision.Surroundings(
            volumes: volumes.objects(), classes: classes.objects(), waitingPod: waiting.compactMap(\.metadata.name).min())
        switch ClaimDecision(claim, around) {
        case .bind(let volume):
            try await writes.bind(claim, to: volume)
            return .done
        case .setClass(let name): try await writes.setClass(name, of: claim)
        case .provision(let storageClass): try await provision(claim, storageClass)
        case .lost(let reason, let message):
            guard claim.status.phase != "Lost" else { return .done }
            try await writes.setPhase("Lost", of: claim)
            tell(claim, "Warning", reason, message)
            return .done
        case .pending(let type, let reason, let message):
            if !reason.isEmpty { tell(claim, type, reason, message) }
            try await writes.setPhase("Pending", of: claim)
        }
        return .again(after: Self.resync)
    }

    private func provision(_ claim: PersistentVolumeClaim, _ storageClass: StorageClass) async throws {
        let provisioner = storageClass.provisioner
        if provisioner.hasPrefix("kubernetes.io/") {
            return tell(claim, "Warning", "ProvisioningFailed", "no volume plugin matched name: \(provisioner)")
        }
        let claim = try await writes.setProvisioner(provisioner, of: claim)
        guard provisioner == LocalProvisioner.name else {
            return tell(
                claim, "Normal", "ExternalProvisioning",
                "Waiting for a volume to be created either by the external provisioner '\(provisioner)' or manually by the system "
                    + "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
            )
        }
        let problem = LocalProvisioner.problem(with: claim)
        guard problem == nil, let root = context.settings.localVolumes?.root, let node = node(for: claim) else {
            let why =
                problem ?? (context.settings.localVolumes == nil ? "no directory for local volumes is configured" : "no node is ready")
            return tell(
                claim, "Warning", "ProvisioningFailed",
                "failed to provision volume with StorageClass \((storageClass.metadata.name ?? "").quoted): \(why)")
        }
        let volume = LocalProvisioner.volume(for: claim, storageClass, node: node, root: root)
        try await writes.create(volume, for: claim)
        tell(
            claim, "Normal", "ProvisioningSucceeded",
            "Successfully provisioned volume \(volume.metadata.name ?? "") using \(provisioner)")
    }

    /// The one the scheduler chose; without a choice the first that can take pods.
    private func node(for claim: PersistentVolumeClaim) -> Node? {
        if let name = claim.metadata.annotations[VolumeAnnotations.selectedNode], !name.isEmpty { return nodes[ObjectKey(name: name)] }
        return nodes.objects().filter { $0.isReady && $0.spec.unschedulable != true }.min {
            ($0.metadata.name ?? "") < ($1.metadata.name ?? "")
        }
    }

    private func tell(_ claim: PersistentVolumeClaim, _ type: String, _ reason: String, _ message: String) {
        context.events.record(ObjectReference(claim), type: type, reason: reason, message: message)
    }

    // MARK: volumes

    func reconcile(volume key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let volume = volumes[key], volume.metadata.deletionTimestamp == nil || volume.spec.claimRef != nil else { return .done }
        switch VolumeDecision(volume, try await claim(of: volume)) {
        case .setPhase(let phase): _ = try await writes.setPhase(phase, of: volume)
        case .lookAtClaim:
            claimQueue.add(ObjectKey(namespace: volume.spec.claimRef?.namespace ?? "", name: volume.spec.claimRef?.name ?? ""))
        case .unbind: try await writes.unbind(volume)
        case .release:
            let isKnown = ["Released", "Failed"].contains(volume.status.phase)
            try await reclaim(isKnown ? volume : try await writes.setPhase("Released", of: volume))
        }
        return .done
    }

    /// - Returns: The claim that the volume names; asked for when the copy does not have it, for a volume released by error loses its data.
    private func claim(of volume: PersistentVolume) async throws(ClientError) -> PersistentVolumeClaim? {
        guard let reference = volume.spec.claimRef, !(reference.uid ?? "").isEmpty else { return nil }
        let key = ObjectKey(namespace: reference.namespace ?? "", name: reference.name ?? "")
        if let known = claims[key], known.metadata.uid == reference.uid { return known }
        do throws(ClientError) {
            let claim = try await context.client.resource(PersistentVolumeClaim.self, namespace: key.namespace).get(key.name)
            return claim.metadata.uid == reference.uid ? claim : nil
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func reclaim(_ volume: PersistentVolume) async throws {
        switch volume.spec.persistentVolumeReclaimPolicy ?? "Retain" {
        case "Retain": return
        case "Delete": try await deleteVolume(volume)
        case let policy:
            try await fail(volume, "VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy: \(policy)")
        }
    }

    private func deleteVolume(_ volume: PersistentVolume) async throws {
        let provisioner = volume.metadata.annotations[VolumeAnnotations.provisionedBy]
        // Another program made it and deletes it.
        if let provisioner, provisioner != LocalProvisioner.name { return }
        guard provisioner == LocalProvisioner.name, let path = volume.spec.hostPath?.path else {
            return try await fail(
                volume, "VolumeFailedDelete",
                "error getting deleter volume plugin for volume \((volume.metadata.name ?? "").quoted): no deletable volume plugin matched")
        }
        guard let local = context.settings.localVolumes else {
            return try await fail(volume, "VolumeFailedDelete", "the directory \(path) stays: no directory for local volumes is configured")
        }
        do {
            try await local.remove(volume.metadata.annotations[VolumeAnnotations.selectedNode] ?? "", path)
        } catch {
            try await fail(volume, "VolumeFailedDelete", "\(error)")
            throw error
        }
        try await writes.delete(volume)
    }

    private func fail(_ volume: PersistentVolume, _ reason: String, _ message: String) async throws(ClientError) {
        guard volume.status.phase != "Failed" || volume.status.message != message else { return }
        _ = try await writes.setPhase("Failed", of: volume, message: message)
        context.events.record(ObjectReference(volume), type: "Warning", reason: reason, message: message)
    }
}

extension Pod {
    /// The claims that its volumes are, also those made for it.
    var claimNames: [String] {
        spec.volumes.compactMap { volume in
            if let claim = volume.persistentVolumeClaim { return claim.claimName }
            return volume.ephemeral == nil ? nil : "\(metadata.name ?? "")-\(volume.name)"
        }
    }
}

internal import APIMachinery
internal import KubernetesAPI

/// What is done about a claim: a pure decision, after upstream's syncUnboundClaim and syncBoundClaim.
enum ClaimDecision: Hashable, Sendable {
    case bind(PersistentVolume)
    /// Its class ought to make a volume.
    case provision(StorageClass)
    /// It stays as it is, for a reason that its event tells; an empty reason tells nothing.
    case pending(eventType: String, reason: String, message: String)
    /// Its volume is gone.
    case lost(reason: String, message: String)
    /// It gets the default class, made after it.
    case setClass(String)

    /// The state of the cluster as the claim sees it.
    struct Surroundings: Sendable {
        var volumes: [PersistentVolume]
        var classes: [StorageClass]
        /// The name of a pod that uses the claim and is not scheduled.
        var waitingPod: String?
    }

    init(_ claim: PersistentVolumeClaim, _ around: Surroundings) {
        if claim.metadata.annotations[VolumeAnnotations.bindCompleted] != nil {
            self = Self.bound(claim, around)
        } else if let name = claim.spec.volumeName, !name.isEmpty {
            self = Self.named(claim, around.volumes.first { $0.metadata.name == name })
        } else {
            self = Self.unbound(claim, around)
        }
    }

    private static var silent: Self { .pending(eventType: "", reason: "", message: "") }

    private static func bound(_ claim: PersistentVolumeClaim, _ around: Surroundings) -> Self {
        guard let name = claim.spec.volumeName, !name.isEmpty else {
            return .lost(reason: "ClaimLost", message: "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
        }
        guard let volume = around.volumes.first(where: { $0.metadata.name == name }) else {
            return .lost(reason: "ClaimLost", message: "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
        }
        guard volume.spec.claimRef == nil || volume.spec.claimRef?.uid == claim.metadata.uid else {
            return .lost(
                reason: "ClaimMisbound", message: "Two claims are bound to the same volume, this one is bound incorrectly")
        }
        return .bind(volume)
    }

    private static func named(_ claim: PersistentVolumeClaim, _ volume: PersistentVolume?) -> Self {
        guard let volume else { return silent }
        guard volume.spec.claimRef == nil || volume.isBound(to: claim) else {
            return .pending(
                eventType: "Warning", reason: "FailedBinding",
                message: "volume \((volume.metadata.name ?? "").quoted) already bound to a different claim.")
        }
        if volume.spec.claimRef == nil, let why = VolumeMatching.mismatch(of: volume, with: claim) {
            return .pending(
                eventType: "Warning", reason: "VolumeMismatch",
                message: "Cannot bind to requested volume \((volume.metadata.name ?? "").quoted): \(why)")
        }
        return .bind(volume)
    }

    private static func unbound(_ claim: PersistentVolumeClaim, _ around: Surroundings) -> Self {
        let name = claim.spec.storageClassName
        if name == nil, let standard = defaultClass(around.classes) { return .setClass(standard) }
        let storageClass = around.classes.first { $0.metadata.name == name }
        let waits =
            storageClass?.volumeBindingMode == "WaitForFirstConsumer"
            && (claim.metadata.annotations[VolumeAnnotations.selectedNode] ?? "").isEmpty
        if let volume = VolumeMatching.choose(for: claim, from: around.volumes, waitsForConsumer: waits) { return .bind(volume) }
        if waits {
            guard let pod = around.waitingPod else {
                return .pending(
                    eventType: "Normal", reason: "WaitForFirstConsumer",
                    message: "waiting for first consumer to be created before binding")
            }
            return .pending(eventType: "Normal", reason: "WaitForPodScheduled", message: "waiting for pod \(pod) to be scheduled")
        }
        guard let name, !name.isEmpty else {
            return .pending(
                eventType: "Normal", reason: "FailedBinding",
                message: "no persistent volumes available for this claim and no storage class is set")
        }
        guard let storageClass else {
            return .pending(
                eventType: "Warning", reason: "ProvisioningFailed", message: "storageclass.storage.k8s.io \(name.quoted) not found")
        }
        return .provision(storageClass)
    }

    /// The default class made last.
    static func defaultClass(_ classes: [StorageClass]) -> String? {
        let marked = classes.filter { $0.metadata.annotations[VolumeAnnotations.defaultClass] == "true" }
        func rank(_ one: StorageClass) -> Timestamp { one.metadata.creationTimestamp ?? Timestamp(seconds: 0, nanoseconds: 0) }
        return marked.min {
            rank($0) == rank($1) ? ($0.metadata.name ?? "") < ($1.metadata.name ?? "") : rank($0) > rank($1)
        }?.metadata.name
    }
}

internal import APIMachinery
internal import KubernetesAPI

/// Which volume a claim gets: a pure decision, after upstream's FindMatchingVolume.
enum VolumeMatching {
    /// The volume that is bound to the claim beforehand, or the smallest that fits.
    ///
    /// - Parameter waitsForConsumer: The scheduler chooses: only a volume bound beforehand counts.
    static func choose(for claim: PersistentVolumeClaim, from volumes: [PersistentVolume], waitsForConsumer: Bool) -> PersistentVolume? {
        let candidates = volumes.filter { fits($0, claim) }
        if let own = candidates.first(where: { $0.isBound(to: claim) }) { return own }
        guard !waitsForConsumer else { return nil }
        return candidates.filter { isFree($0) && isSelected($0, by: claim) }.min {
            ($0.size, $0.metadata.name ?? "") < ($1.size, $1.metadata.name ?? "")
        }
    }

    private static func fits(_ volume: PersistentVolume, _ claim: PersistentVolumeClaim) -> Bool {
        volume.metadata.deletionTimestamp == nil && mismatch(of: volume, with: claim) == nil
    }

    private static func isFree(_ volume: PersistentVolume) -> Bool {
        volume.spec.claimRef == nil && volume.status.phase == "Available"
    }

    private static func isSelected(_ volume: PersistentVolume, by claim: PersistentVolumeClaim) -> Bool {
        guard let selector = claim.spec.selector else { return true }
        return (try? selector.selector())?.matches(volume.metadata.labels) ?? false
    }

    /// Why a volume can't be the claim's, in upstream's words; nil when it can.
    static func mismatch(of volume: PersistentVolume, with claim: PersistentVolumeClaim) -> String? {
        if claim.requestedSize > volume.size { return "requested PV is too small" }
        if (claim.spec.storageClassName ?? "") != (volume.spec.storageClassName ?? "") { return "storageClassName does not match" }
        if (claim.spec.volumeMode ?? "Filesystem") != (volume.spec.volumeMode ?? "Filesystem") { return "incompatible volumeMode" }
        if !Set(claim.spec.accessModes).isSubset(of: volume.spec.accessModes) { return "incompatible accessMode" }
        return nil
    }
}

extension PersistentVolume {
    var size: Quantity { spec.capacity["storage"] ?? .zero }

    /// It names the claim, be it by hand and without the uid.
    func isBound(to claim: PersistentVolumeClaim) -> Bool {
        guard let reference = spec.claimRef, reference.namespace == claim.metadata.namespace, reference.name == claim.metadata.name else {
            return false
        }
        return (reference.uid ?? "").isEmpty || reference.uid == claim.metadata.uid
    }
}

extension PersistentVolumeClaim {
    var requestedSize: Quantity { spec.resources.requests["storage"] ?? .zero }
}

/// Annotations of volumes and claims.
enum VolumeAnnotations {
    static let bindCompleted = "pv.kubernetes.io/bind-completed"
    static let boundByController = "pv.kubernetes.io/bound-by-controller"
    static let provisionedBy = "pv.kubernetes.io/provisioned-by"
    static let provisioner = "volume.kubernetes.io/storage-provisioner"
    static let betaProvisioner = "volume.beta.kubernetes.io/storage-provisioner"
    static let selectedNode = "volume.kubernetes.io/selected-node"
    static let defaultClass = "storageclass.kubernetes.io/is-default-class"
}

internal import KubernetesAPI

/// What is done about a volume: a pure decision, after upstream's syncVolume.
enum VolumeDecision: Hashable, Sendable {
    case setPhase(String)
    /// Its claim is to be looked at, which binds it.
    case lookAtClaim
    /// Nobody has it any more: what then happens its policy says.
    case release
    /// Its claim took another one.
    case unbind

    /// - Parameter claim: The one that `spec.claimRef` names, with the same uid; nil when there is none.
    init(_ volume: PersistentVolume, _ claim: PersistentVolumeClaim?) {
        guard let reference = volume.spec.claimRef, !(reference.uid ?? "").isEmpty else {
            self = .setPhase("Available")
            return
        }
        guard let claim else {
            self = .release
            return
        }
        if (claim.spec.volumeName ?? "").isEmpty {
            self = .lookAtClaim
        } else if claim.spec.volumeName == volume.metadata.name {
            self = .setPhase("Bound")
        } else {
            let isProvisioned = volume.metadata.annotations[VolumeAnnotations.provisionedBy] != nil
            self = isProvisioned && volume.spec.persistentVolumeReclaimPolicy == "Delete" ? .release : .unbind
        }
    }
}

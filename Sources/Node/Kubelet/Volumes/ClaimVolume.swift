internal import KubernetesAPI

/// The volume behind a PersistentVolumeClaim: a directory of this node that an administrator offers.
///
/// Follows the kubelet's `desiredStateOfWorldPopulator`, with its messages.
struct ClaimVolume {
    let volumeName: String
    let claimName: String
    let isReadOnly: Bool
    /// The claim was made for this pod alone.
    let isEphemeral: Bool
    let pod: Pod

    /// nil: it is no volume of this kind.
    init?(_ volume: Volume, of pod: Pod) {
        volumeName = volume.name
        self.pod = pod
        if let source = volume.persistentVolumeClaim {
            (claimName, isReadOnly, isEphemeral) = (source.claimName, source.readOnly ?? false, false)
        } else if volume.ephemeral != nil {
            (claimName, isReadOnly, isEphemeral) = ("\(pod.name)-\(volume.name)", false, true)
        } else {
            return nil
        }
    }

    /// Finds the claim's volume.
    func resolve(_ objects: any PodObjects) async throws(VolumeError) -> PersistentVolume {
        let claim: PersistentVolumeClaim
        do throws(ObjectError) { claim = try await objects.claim(claimName, namespace: pod.namespace) } catch {
            throw unresolved("failed to fetch PVC from API server: \(error)", isUnavailable: error.kind == .unavailable)
        }
        if isEphemeral, !claim.metadata.ownerReferences.contains(where: { $0.uid == pod.uid && $0.controller ?? false }) {
            throw VolumeError(
                volumeName, "PVC \(pod.namespace)/\(claimName) was not created for pod \(pod.namespace)/\(pod.name) (pod is not owner)",
                .resolving, retry: .soon)
        }
        if let problem = Self.problem(with: claim) { throw unresolved(problem) }
        let name = claim.spec.volumeName ?? ""
        let volume: PersistentVolume
        do throws(ObjectError) { volume = try await objects.volume(name) } catch {
            throw unresolved("failed to fetch PV \(name) from API server: \(error)")
        }
        if let problem = Self.problem(with: volume, claimUID: claim.metadata.uid ?? "") { throw unresolved(problem) }
        if let problem = modeProblem(volume.spec.volumeMode ?? "Filesystem") {
            throw VolumeError(volumeName, problem, .resolving, retry: .later)
        }
        return volume
    }

    private func unresolved(_ cause: String, isUnavailable: Bool = false) -> VolumeError {
        VolumeError(
            volumeName, "error processing PVC \(pod.namespace)/\(claimName): \(cause)", .resolving, retry: isUnavailable ? .later : .soon)
    }

    static func problem(with claim: PersistentVolumeClaim) -> String? {
        if claim.metadata.deletionTimestamp != nil { return "PVC is being deleted" }
        if claim.status.phase != "Bound" { return "PVC is not bound" }
        return (claim.spec.volumeName ?? "").isEmpty ? "PVC has empty pvc.Spec.VolumeName" : nil
    }

    static func problem(with volume: PersistentVolume, claimUID: String) -> String? {
        let name = volume.metadata.name ?? ""
        guard let claim = volume.spec.claimRef else {
            return "found PV object \(name) but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim"
        }
        if claim.uid == claimUID { return nil }
        return "found PV object \(name) but its pv.Spec.ClaimRef.UID \(claim.uid ?? "") does not point to claim.UID \(claimUID)"
    }

    /// How containers use it and what it is have to agree; block devices are not given to containers.
    private func modeProblem(_ mode: String) -> String? {
        let containers = pod.spec.initContainers + pod.spec.containers
        if mode != "Filesystem", containers.contains(where: { $0.volumeMounts.contains { $0.name == volumeName } }) {
            return "volume \(volumeName) has volumeMode \(mode), but is specified in volumeMounts"
        }
        guard containers.contains(where: { $0.volumeDevices.contains { $0.name == volumeName } }) else { return nil }
        if mode != "Block" { return "volume \(volumeName) has volumeMode \(mode), but is specified in volumeDevices" }
        return "volume \(volumeName) has volumeMode Block: this node does not map block devices into containers"
    }
}

internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What the binder writes, one step at a time: whatever step is the last before an end, the next start goes on from there.
struct VolumeWrites: Sendable {
    let context: ControllerContext
    let own: OwnWrites<PersistentVolume>

    private var volumes: ResourceClient<PersistentVolume> { context.client.resource(PersistentVolume.self) }

    /// Joins a volume and a claim: first the volume names the claim, then the claim the volume.
    func bind(_ claim: PersistentVolumeClaim, to volume: PersistentVolume) async throws(ClientError) {
        var volume = try await name(claim, in: volume)
        volume = try await setPhase("Bound", of: volume)
        var claim = try await name(volume, in: claim)
        let modes = volume.spec.accessModes
        let capacity = volume.spec.capacity.filter { $0.key == "storage" }
        guard claim.status.phase != "Bound" || claim.status.accessModes != modes || claim.status.capacity != capacity else { return }
        claim.status.phase = "Bound"
        claim.status.accessModes = modes
        claim.status.capacity = capacity
        _ = try await claims(claim).update(claim, subresource: "status")
    }

    private func name(_ claim: PersistentVolumeClaim, in volume: PersistentVolume) async throws(ClientError) -> PersistentVolume {
        var new = volume
        if volume.spec.claimRef == nil { new.metadata.annotations[VolumeAnnotations.boundByController] = "yes" }
        if volume.spec.claimRef?.uid != claim.metadata.uid { new.spec.claimRef = claim.reference }
        guard new != volume else { return volume }
        return try await write(new, for: claim)
    }

    private func name(_ volume: PersistentVolume, in claim: PersistentVolumeClaim) async throws(ClientError) -> PersistentVolumeClaim {
        var new = claim
        if (claim.spec.volumeName ?? "").isEmpty {
            new.spec.volumeName = volume.metadata.name
            new.metadata.annotations[VolumeAnnotations.boundByController] = "yes"
        }
        new.metadata.annotations[VolumeAnnotations.bindCompleted] = "yes"
        guard new != claim else { return claim }
        return try await claims(claim).update(new)
    }

    private func write(_ volume: PersistentVolume, for claim: PersistentVolumeClaim) async throws(ClientError) -> PersistentVolume {
        let written = try await volumes.update(volume)
        own.wrote(written, for: ObjectKey(claim))
        return written
    }

    func setPhase(_ phase: String, of volume: PersistentVolume, message: String? = nil) async throws(ClientError) -> PersistentVolume {
        guard volume.status.phase != phase || volume.status.message != message else { return volume }
        var new = volume
        new.status.phase = phase
        new.status.message = message
        return try await volumes.update(new, subresource: "status")
    }

    func setPhase(_ phase: String, of claim: PersistentVolumeClaim) async throws(ClientError) {
        guard claim.status.phase != phase else { return }
        var new = claim
        new.status.phase = phase
        if phase != "Bound" {
            new.status.accessModes = []
            new.status.capacity = [:]
        }
        _ = try await claims(claim).update(new, subresource: "status")
    }

    func setClass(_ name: String, of claim: PersistentVolumeClaim) async throws(ClientError) {
        var new = claim
        new.spec.storageClassName = name
        _ = try await claims(claim).update(new)
    }

    /// Says who is to make the volume.
    func setProvisioner(_ name: String, of claim: PersistentVolumeClaim) async throws(ClientError) -> PersistentVolumeClaim {
        guard claim.metadata.annotations[VolumeAnnotations.provisioner] != name else { return claim }
        var new = claim
        new.metadata.annotations[VolumeAnnotations.provisioner] = name
        new.metadata.annotations[VolumeAnnotations.betaProvisioner] = name
        return try await claims(claim).update(new)
    }

    func create(_ volume: PersistentVolume, for claim: PersistentVolumeClaim) async throws(ClientError) {
        do throws(ClientError) { own.wrote(try await volumes.create(volume), for: ObjectKey(claim)) } catch {
            // Made by an attempt before this one.
            if !error.isAlreadyExists { throw error }
        }
    }

    /// Frees a volume of a claim that took another.
    func unbind(_ volume: PersistentVolume) async throws(ClientError) {
        var new = volume
        if new.metadata.annotations.removeValue(forKey: VolumeAnnotations.boundByController) != nil {
            new.spec.claimRef = nil
        } else {
            // Who named the claim by hand meant it.
            new.spec.claimRef?.uid = nil
        }
        _ = try await setPhase("Available", of: try await volumes.update(new))
    }

    func delete(_ volume: PersistentVolume) async throws(ClientError) {
        try await ignoringAbsence { () throws(ClientError) in
            try await volumes.delete(volume.metadata.name ?? "", uid: volume.metadata.uid)
        }
    }

    private func claims(_ claim: PersistentVolumeClaim) -> ResourceClient<PersistentVolumeClaim> {
        context.client.resource(PersistentVolumeClaim.self, namespace: claim.metadata.namespace)
    }
}

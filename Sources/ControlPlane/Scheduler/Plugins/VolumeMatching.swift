internal import KubernetesAPI
internal import KubernetesClient

/// Finds volumes for claims, as the persistent volume controller does (component-helpers, `FindMatchingVolume`), and as it would for one node.
struct VolumeMatching {
    let volumes: VolumeState
    let node: NodeInfo

    enum Failure: Error {
        case noVolume
    }

    /// - Throws: When a claim has no volume that the node reaches and none can be made for it.
    func choice(for claims: [(key: ObjectKey, claim: PersistentVolumeClaim)]) throws(Failure) -> VolumeChoice {
        var choice = VolumeChoice()
        for (key, claim) in claims {
            if let selected = volumes.selectedNode(of: key) {
                guard selected == node.name else { throw .noVolume }
                try checkProvisioning(claim)
                choice.provisioned.append(key)
            } else if let volume = match(key, claim, excluding: choice.matched.map(\.volume.name)) {
                choice.matched.append((key, volume))
            } else {
                try checkProvisioning(claim)
                choice.provisioned.append(key)
            }
        }
        return choice
    }

    /// A volume that was made for the claim, or the smallest that will do.
    private func match(_ key: ObjectKey, _ claim: PersistentVolumeClaim, excluding taken: [String]) -> VolumeInfo? {
        let selector = claim.spec.selector.flatMap { try? $0.selector() }
        let requested = claim.spec.resources.requests["storage"]?.value ?? 0
        var best: VolumeInfo?
        for volume in volumes.volumes(of: claim.spec.storageClassName ?? "") where !taken.contains(volume.name) {
            let spec = volume.volume.spec
            guard volume.capacityBytes >= requested, (spec.volumeMode ?? "Filesystem") == (claim.spec.volumeMode ?? "Filesystem"),
                spec.volumeAttributesClassName == claim.spec.volumeAttributesClassName,
                volume.volume.metadata.deletionTimestamp == nil, volume.isReachable(from: node)
            else { continue }
            if let owner = volumes.claim(of: volume) {
                guard owner == key, spec.claimRef?.uid == nil || spec.claimRef?.uid == claim.metadata.uid else { continue }
                return volume
            }
            guard best == nil, volume.volume.status.phase == "Available",
                selector?.matches(volume.volume.metadata.labels) ?? true,
                Set(claim.spec.accessModes).isSubset(of: spec.accessModes)
            else { continue }
            best = volume
        }
        return best
    }

    private func checkProvisioning(_ claim: PersistentVolumeClaim) throws(Failure) {
        guard let name = claim.spec.storageClassName, let storageClass = volumes.classes[name],
            !storageClass.provisioner.isEmpty, storageClass.provisioner != VolumeNames.noProvisioner
        else { throw .noVolume }
        let terms = storageClass.allowedTopologies
        let isAllowed =
            terms.isEmpty
            || terms.contains { term in
                term.matchLabelExpressions.allSatisfy { expression in
                    node.labels[expression.key].map { expression.values.contains($0) } ?? false
                }
            }
        guard isAllowed else { throw .noVolume }
    }
}

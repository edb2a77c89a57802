internal import KubernetesAPI
internal import KubernetesClient

/// Disks that one node can have mounted once only, and claims that one pod alone may use.
package struct VolumeRestrictions: FilterPlugin {
    package let name = "VolumeRestrictions"
    package var interests: ClusterChange.Kinds { [.nodes, .podRemoved, .volumes] }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        let disks = pod.pod.spec.volumes.filter { DiskConflict.isRestricted($0) }
        var exclusive: [ObjectKey] = []
        for use in pod.claims where !use.isEphemeral {
            let key = ObjectKey(namespace: pod.key.namespace, name: use.name)
            guard let claim = cluster.volumes.claims[key] else {
                return .refuse(.unresolvable("persistentvolumeclaim \"\(use.name)\" not found"))
            }
            if claim.spec.accessModes.contains("ReadWriteOncePod") { exclusive.append(key) }
        }
        guard !disks.isEmpty || !exclusive.isEmpty else { return .skip }
        return .check(Filter(disks: disks, claimInUse: exclusive.first { cluster.claimUses[$0, default: 0] > 0 }))
    }

    private struct Filter: NodeFilter {
        let disks: [Volume]
        let claimInUse: ObjectKey?

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            if conflictingPod(on: slot, cluster) != nil { return .unschedulable("node(s) had no available disk") }
            guard claimInUse != nil else { return nil }
            return .unschedulable(
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode")
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            if let pod = conflictingPod(on: slot, cluster) { return "pod \(pod.key) has the same disk" }
            return claimInUse.map { "claim \($0) is in use" }
        }
        private func conflictingPod(on slot: Int, _ cluster: ClusterSnapshot) -> PodInfo? {
            guard !disks.isEmpty else { return nil }
            return cluster.pods[slot].first { pod in
                pod.pod.spec.volumes.contains { other in disks.contains { DiskConflict.conflict($0, other) } }
            }
        }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded: true
        case .podRemoved(let gone):
            gone.key.namespace == pod.key.namespace && gone.claims.contains { pod.claims.contains($0) }
                || gone.pod.spec.volumes.contains { other in pod.pod.spec.volumes.contains { DiskConflict.conflict($0, other) } }
        case .volumes(.claimChanged(let key)): pod.claims.contains { "\(pod.key.namespace)/\($0.name)" == key }
        default: false
        }
    }
}

/// Disks of which two pods on a node get into each other's way.
private enum DiskConflict {
    static func isRestricted(_ volume: Volume) -> Bool {
        volume.gcePersistentDisk != nil || volume.awsElasticBlockStore != nil || volume.rbd != nil || volume.iscsi != nil
    }

    static func conflict(_ left: Volume, _ right: Volume) -> Bool {
        if let left = left.gcePersistentDisk, let right = right.gcePersistentDisk, left.pdName == right.pdName {
            return !(left.readOnly == true && right.readOnly == true)
        }
        if let left = left.awsElasticBlockStore, let right = right.awsElasticBlockStore, left.volumeID == right.volumeID { return true }
        if let left = left.iscsi, let right = right.iscsi, left.iqn == right.iqn {
            return !(left.readOnly == true && right.readOnly == true)
        }
        if let left = left.rbd, let right = right.rbd, !Set(left.monitors).isDisjoint(with: right.monitors), left.image == right.image,
            (left.pool ?? "rbd") == (right.pool ?? "rbd")
        {
            return !(left.readOnly == true && right.readOnly == true)
        }
        return false
    }
}

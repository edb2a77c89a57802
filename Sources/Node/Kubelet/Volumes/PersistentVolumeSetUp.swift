internal import KubernetesAPI

/// Makes a PersistentVolume of this node ready for a pod. What it holds is the user's: nothing is mounted, and nothing goes when the pod goes.
struct PersistentVolumeSetUp {
    let volume: PersistentVolume
    /// Name of the pod's volume.
    let name: String
    let pod: Pod
    private var volumeName: String { volume.metadata.name ?? "" }

    /// - Parameters:
    ///   - isUsedElsewhere: By another pod of this node.
    ///   - labels: The node's.
    func run(isReadOnly: Bool, isUsedElsewhere: Bool, labels: [String: String]) throws(VolumeError) -> HostVolume {
        if let required = volume.spec.nodeAffinity?.required, !VolumeNodeAffinity.holds(required, labels) {
            throw VolumeError(name, "no matching NodeSelectorTerms", .checkingNode, name: volumeName)
        }
        if isUsedElsewhere, volume.spec.accessModes == ["ReadWriteOncePod"] {
            throw VolumeError(
                name, "volume uses the ReadWriteOncePod access mode and is already in use by another pod", name: volumeName, retry: .soon)
        }
        if let source = volume.spec.hostPath {
            do throws(VolumeError) { return HostVolume(try HostPathVolume.setUp(name, source).source, isReadOnly: isReadOnly) } catch {
                throw VolumeError(name, error.cause, name: volumeName)
            }
        }
        if let source = volume.spec.local { return try setUp(source, isReadOnly) }
        throw VolumeError(name, "PersistentVolumes of type \(typeName) are not supported by this node", .preparing, name: volumeName)
    }

    private func setUp(_ source: LocalVolumeSource, _ isReadOnly: Bool) throws(VolumeError) -> HostVolume {
        if source.path.split(separator: "/").contains("..") {
            throw VolumeError(name, "invalid path: \(source.path) must not contain '..'", name: volumeName)
        }
        switch PodFiles.kind(source.path) {
        case nil: throw VolumeError(name, "path \"\(source.path)\" does not exist", .preparing, name: volumeName, retry: .soon)
        case .directory: break
        default:
            throw VolumeError(
                name, "path \"\(source.path)\" is no directory: this node does not mount block devices", .preparing, name: volumeName)
        }
        if let group = pod.fsGroup, !isReadOnly {
            do {
                try GroupOwnership(group: group, policy: pod.spec.securityContext?.fsGroupChangePolicy).apply(to: source.path)
            } catch {
                throw VolumeError(name, "applyFSGroup failed for vol \(volumeName): \(error)", name: volumeName)
            }
        }
        return HostVolume(.path(source.path), isReadOnly: isReadOnly)
    }

    private var typeName: String {
        let others: Set<String> = [
            "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName",
            "volumeAttributesClassName", "volumeMode",
        ]
        return volume.spec.jsonObject.keys.first { !others.contains($0) } ?? "unknown"
    }
}

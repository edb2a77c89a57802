package import APIMachinery
package import KubernetesAPI

/// Makes the volumes of pods ready and takes them away again.
package struct PodVolumes: Sendable {
    package let configuration: KubeletConfiguration
    package let mounts: any MountService
    private var paths: PodPaths { PodPaths(configuration) }

    package init(_ configuration: KubeletConfiguration, _ mounts: any MountService) {
        self.configuration = configuration
        self.mounts = mounts
    }

    /// - Returns: By volume name. Called again it finds what is there.
    package func setUp(_ pod: Pod, now: Timestamp) async throws(VolumeError) -> [String: HostVolume] {
        var volumes: [String: HostVolume] = [:]
        for volume in pod.spec.volumes {
            do {
                volumes[volume.name] = try await setUp(volume, pod, now)
            } catch let error as VolumeError {
                throw error
            } catch {
                throw VolumeError(volume.name, "\(error)")
            }
        }
        return volumes
    }

    private func setUp(_ volume: Volume, _ pod: Pod, _ now: Timestamp) async throws -> HostVolume {
        if let source = volume.hostPath { return try HostPathVolume.setUp(volume.name, source) }
        if let source = volume.image {
            return HostVolume(.image(.init(image: source.reference ?? "")), isReadOnly: true)
        }
        let downward = DownwardAPI(pod, podIPs: [], configuration)
        if let payload = try VolumePayload.of(volume, downward, configuration.objects) {
            return try await setUp(payload, volume, pod, now)
        }
        if let source = volume.emptyDir { return try await setUp(EmptyDirVolume(volume.name, source, pod, configuration.node), pod) }
        throw VolumeError(volume.name, "volumes of type \(volume.typeName) are not supported yet")
    }

    private func setUp(_ volume: EmptyDirVolume, _ pod: Pod) async throws -> HostVolume {
        let path = paths.volume(pod.uid, plugin: EmptyDirVolume.plugin, volume.name)
        let isNew = PodFiles.kind(path) == nil
        if isNew { try PodFiles.makeDirectory(path, mode: 0o777) }
        let isMounted = volume.medium == .disk ? false : try await mounts.isMounted(path)
        switch volume.medium {
        case .memory(let size) where !isMounted: try await mounts.mountTmpfs(at: path, sizeBytes: size, mode: 0o777)
        case .hugePages(let pageSize) where !isMounted:
            try await mounts.mountHugetlbfs(at: path, pageSizeBytes: pageSize, mode: 0o777)
        default: break
        }
        try setGroup(of: path, pod)
        return HostVolume(.path(path))
    }

    /// Its files belong to the pod's group, also new ones. Done once, when it is still empty, so nothing below has to change.
    private func setGroup(of path: String, _ pod: Pod) throws(FileError) {
        guard let group = pod.fsGroup, PodFiles.group(path) != group else { return }
        try PodFiles.changeOwner(path, uid: 0, gid: group)
        try PodFiles.changeMode(path, 0o2777)
    }

    private func setUp(_ payload: VolumePayload, _ volume: Volume, _ pod: Pod, _ now: Timestamp) async throws -> HostVolume {
        let path = paths.volume(pod.uid, plugin: volume.projectionPlugin, volume.name)
        try PodFiles.makeDirectory(path, mode: 0o755)
        // Secrets stay off the disk.
        let needsMount = volume.secret == nil ? false : try await !mounts.isMounted(path)
        if needsMount { try await mounts.mountTmpfs(at: path, sizeBytes: nil, mode: 0o755) }
        try AtomicWriter(directory: path).write(payload, gid: pod.fsGroup, now: now)
        return HostVolume(.path(path), isReadOnly: true)
    }

    /// Removes what `setUp` made, and nothing that is the user's.
    package func tearDown(_ uid: PodUID) async throws {
        let volumes = paths.volumes(uid)
        for plugin in try PodFiles.list(volumes) {
            for name in try PodFiles.list("\(volumes)/\(plugin)") {
                let path = "\(volumes)/\(plugin)/\(name)"
                try await mounts.unmount(path)
                try TreeRemoval.remove(path)
            }
        }
        try TreeRemoval.remove(volumes)
    }
}

extension Pod {
    var fsGroup: UInt32? { spec.securityContext?.fsGroup.flatMap { UInt32(exactly: $0) } }
}

extension Volume {
    var projectionPlugin: String {
        if configMap != nil { return "configmap" }
        if secret != nil { return "secret" }
        return downwardAPI != nil ? "downward-api" : "projected"
    }

    /// Name of the field that says what it is.
    package var typeName: String { jsonObject.keys.first { $0 != "name" } ?? "unknown" }
}

package import APIMachinery
package import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Makes the volumes of pods ready, keeps what they show up to date, and takes them away again.
package final class PodVolumes: Sendable {
    private struct Entry {
        let turn = Turn()
        /// The volumes are there, so that they can be kept up to date.
        var isSetUp = false
    }
    package let configuration: KubeletConfiguration
    package let mounts: any MountService
    private let objects: any PodObjects
    private let memory: MemoryDirectory
    private let entries = Mutex<[PodUID: Entry]>([:])
    /// Which pod uses a volume that only one may use; by the volume's name.
    private let exclusive = Mutex<[String: PodUID]>([:])
    /// Pods whose volumes have to be looked at again.
    let refreshes: WorkQueue<PodUID>
    private let clock: any TimeSource
    private var paths: PodPaths { PodPaths(configuration) }

    package init(
        _ configuration: KubeletConfiguration, _ mounts: any MountService, objects: (any PodObjects)? = nil,
        clock: any TimeSource = MachineTime()
    ) {
        self.configuration = configuration
        self.mounts = mounts
        self.objects = objects ?? configuration.objects
        self.clock = clock
        memory = MemoryDirectory(PodPaths(configuration).memory, mounts)
        refreshes = WorkQueue(time: clock)
    }

    /// - Returns: By volume name. Called again it finds what is there.
    package func setUp(_ pod: Pod, now: Timestamp) async throws(VolumeErrors) -> [String: HostVolume] {
        let entry = entries.withLock { entries in
            let entry = entries[pod.uid] ?? Entry()
            entries[pod.uid] = entry
            return entry
        }
        let (volumes, errors, refreshAt) = await entry.turn.run { await setUpAll(pod, now) }
        guard errors.isEmpty else { throw VolumeErrors(errors) }
        entries.withLock { $0[pod.uid]?.isSetUp = true }
        if let refreshAt { refreshes.add(pod.uid, after: refreshAt - now) }
        return volumes
    }

    private func setUpAll(_ pod: Pod, _ now: Timestamp) async -> ([String: HostVolume], [VolumeError], Timestamp?) {
        var volumes: [String: HostVolume] = [:]
        var errors: [VolumeError] = []
        var refreshAt: Timestamp?
        for volume in pod.spec.volumes {
            do {
                let (made, due) = try await setUp(volume, pod, now)
                volumes[volume.name] = made
                refreshAt = [refreshAt, due].compactMap { $0 }.min()
            } catch let error as VolumeError {
                errors.append(error)
            } catch {
                errors.append(VolumeError(volume.name, "\(error)"))
            }
        }
        return (volumes, errors, refreshAt)
    }

    private func setUp(_ volume: Volume, _ pod: Pod, _ now: Timestamp) async throws -> (HostVolume, Timestamp?) {
        if let source = volume.hostPath { return (try HostPathVolume.setUp(volume.name, source), nil) }
        if let source = volume.image {
            return (HostVolume(.image(.init(image: source.reference ?? "")), isReadOnly: true), nil)
        }
        if volume.isProjection {
            let due = try await project(volume, pod, now)
            return (HostVolume(.path(path(of: volume, pod.uid)), isReadOnly: true), due)
        }
        if let claim = ClaimVolume(volume, of: pod) { return (try await setUp(claim, pod), nil) }
        if let source = volume.emptyDir {
            return (try await setUp(EmptyDirVolume(volume.name, source, pod, configuration.node), pod), nil)
        }
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

    private func setUp(_ claim: ClaimVolume, _ pod: Pod) async throws(VolumeError) -> HostVolume {
        let volume = try await claim.resolve(objects)
        var labels: [String: String] = [:]
        if volume.spec.nodeAffinity?.required != nil {
            do { labels = try await objects.nodeLabels() } catch { throw VolumeError(claim.volumeName, error) }
        }
        let setUp = PersistentVolumeSetUp(volume: volume, name: claim.volumeName, pod: pod)
        let owner = take(volume.metadata.name ?? "", for: pod.uid)
        return try setUp.run(isReadOnly: claim.isReadOnly, isUsedElsewhere: owner != pod.uid, labels: labels)
    }

    /// - Returns: The pod that uses the volume: the first that took it.
    private func take(_ volume: String, for uid: PodUID) -> PodUID {
        exclusive.withLock { owners in
            if let owner = owners[volume] { return owner }
            owners[volume] = uid
            return uid
        }
    }
}

extension PodVolumes {
    /// Brings what the pod's volumes show up to date. Does nothing for a pod whose volumes are not there.
    ///
    /// - Returns: When to come again, at the latest.
    package func refresh(_ pod: Pod, now: Timestamp) async throws(VolumeErrors) -> Timestamp? {
        guard let turn = entries.withLock({ $0[pod.uid]?.turn }) else { return nil }
        let (errors, due) = await turn.run { await refreshAll(pod, now) }
        guard errors.isEmpty else { throw VolumeErrors(errors) }
        return due
    }

    private func refreshAll(_ pod: Pod, _ now: Timestamp) async -> ([VolumeError], Timestamp?) {
        guard entries.withLock({ $0[pod.uid]?.isSetUp ?? false }) else { return ([], nil) }
        var errors: [VolumeError] = []
        var due: Timestamp?
        for volume in pod.spec.volumes where volume.isProjection {
            do {
                due = [due, try await project(volume, pod, now)].compactMap { $0 }.min()
            } catch let error as VolumeError {
                errors.append(error)
            } catch {
                errors.append(VolumeError(volume.name, "\(error)"))
            }
        }
        return (errors, due)
    }

    /// Writes what the volume shows now.
    ///
    /// - Returns: When something in it has to be replaced.
    private func project(_ volume: Volume, _ pod: Pod, _ now: Timestamp) async throws -> Timestamp? {
        let path = path(of: volume, pod.uid)
        let set = await objects.read(ObjectReferences(files: volume, pod), for: pod)
        let payload: VolumePayload?
        do throws(ObjectError) {
            payload = try VolumePayload.of(volume, DownwardAPI(pod, podIPs: [], configuration), set)
        } catch {
            // An API server that is away takes nothing from a pod that an earlier agent has started.
            if error.kind == .failed, PodFiles.target(ofLink: "\(path)/..data") != nil { return now + Self.outagePeriod }
            throw VolumeError(volume.name, error)
        }
        guard let payload else { return nil }
        if volume.holdsSecrets, configuration.isInCluster { try await memory.prepare() }
        try PodFiles.makeDirectory(path, mode: volume.holdsSecrets ? 0o1777 : 0o777)
        // Secrets stay off the disk.
        let needsMount = volume.holdsSecrets && !configuration.isInCluster ? try await !mounts.isMounted(path) : false
        if needsMount { try await mounts.mountTmpfs(at: path, sizeBytes: nil, mode: 0o1777) }
        try AtomicWriter(directory: path).write(payload, gid: pod.fsGroup, now: now)
        return payload.refreshAt
    }

    private static let outagePeriod = Duration.seconds(10)

    private func path(of volume: Volume, _ uid: PodUID) -> String {
        guard volume.holdsSecrets, configuration.isInCluster else {
            return paths.volume(uid, plugin: volume.projectionPlugin, volume.name)
        }
        return paths.memoryVolume(uid, plugin: volume.projectionPlugin, volume.name)
    }

    /// Removes what `setUp` made, and nothing that is the user's.
    package func tearDown(_ uid: PodUID) async throws {
        let turn = entries.withLock { entries in
            entries[uid]?.isSetUp = false
            return entries[uid]?.turn ?? Turn()
        }
        exclusive.withLock { owners in owners = owners.filter { $0.value != uid } }
        try await turn.run {
            let volumes = paths.volumes(uid)
            for plugin in try PodFiles.list(volumes) {
                for name in try PodFiles.list("\(volumes)/\(plugin)") {
                    let path = "\(volumes)/\(plugin)/\(name)"
                    try await mounts.unmount(path)
                    try TreeRemoval.remove(path)
                }
            }
            try TreeRemoval.remove(volumes)
            try TreeRemoval.remove(paths.memory(uid))
        }
        entries.withLock { $0[uid] = nil }
    }
}

extension Pod {
    var fsGroup: UInt32? { spec.securityContext?.fsGroup.flatMap { UInt32(exactly: $0) } }
}

extension Volume {
    /// Its files come from objects and from what is known about the pod.
    var isProjection: Bool { configMap != nil || secret != nil || downwardAPI != nil || projected != nil }

    var holdsSecrets: Bool {
        secret != nil || projected?.sources.contains { $0.secret != nil || $0.serviceAccountToken != nil } ?? false
    }

    var projectionPlugin: String {
        if configMap != nil { return "configmap" }
        if secret != nil { return "secret" }
        return downwardAPI != nil ? "downward-api" : "projected"
    }

    /// Name of the field that says what it is.
    package var typeName: String { jsonObject.keys.first { $0 != "name" } ?? "unknown" }
}

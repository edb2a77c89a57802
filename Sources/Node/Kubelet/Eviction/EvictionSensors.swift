internal import APIMachinery
internal import CRI
internal import Glibc

/// Where eviction gets its figures.
package struct EvictionSensors: Sendable {
    package struct Reading: Sendable {
        package var observations: [EvictionSignal: SignalObservation]
        /// Images and layers have a file system of their own.
        package var imagesAreApart: Bool
        package init(_ observations: [EvictionSignal: SignalObservation], imagesAreApart: Bool = false) {
            (self.observations, self.imagesAreApart) = (observations, imagesAreApart)
        }
    }

    package var node: @Sendable () async -> Reading
    package var pods: @Sendable () async -> [PodUID: PodConsumption]

    package init(node: @escaping @Sendable () async -> Reading, pods: @escaping @Sendable () async -> [PodUID: PodConsumption]) {
        (self.node, self.pods) = (node, pods)
    }
}

extension EvictionSensors {
    /// The machine's own.
    init(_ stats: StatsProvider) {
        let node = stats.node
        self.init(
            node: {
                let imagesPath = ((try? await node.images.imageFsInfo()) ?? []).first?.mountpoint
                let (configuration, clock) = (node.configuration, node.clock)
                var reading = await node.blocking { Self.machine(configuration.rootDirectory, images: imagesPath, now: clock.now) }
                if configuration.enforcesNodeAllocatable, let limit = configuration.podsMemoryLimitBytes,
                    let used = await node.cgroups.podsWorkingSetBytes()
                {
                    reading.observations[.allocatableMemoryAvailable] = .init(
                        available: max(0, limit - used), capacity: limit, time: clock.now)
                }
                return reading
            }, pods: { (try? await stats.consumption()) ?? [:] })
    }

    /// Blocks for a moment.
    private static func machine(_ root: String, images: String?, now: Duration) -> Reading {
        var reading = Reading([:])
        func add(_ signal: EvictionSignal, _ available: UInt64, of capacity: UInt64) {
            guard capacity > 0 else { return }
            reading.observations[signal] = .init(available: Int64(clamping: available), capacity: Int64(clamping: capacity), time: now)
        }
        let usage = NodeUsage.read(at: Timestamp(seconds: 0))
        add(.memoryAvailable, usage.availableBytes, of: usage.memoryBytes)
        let processMax = UInt64(clamping: min(usage.processMax, threadMax()))
        add(.pidAvailable, processMax - min(processMax, UInt64(clamping: usage.processCount)), of: processMax)
        if let space = FilesystemSpace(root) {
            add(.nodefsAvailable, space.availableBytes, of: space.capacityBytes)
            add(.nodefsInodesFree, space.inodesFree, of: space.inodes)
        }
        let imagesPath = images ?? root
        if let space = FilesystemSpace(imagesPath) {
            add(.imagefsAvailable, space.availableBytes, of: space.capacityBytes)
            add(.imagefsInodesFree, space.inodesFree, of: space.inodes)
        }
        reading.imagesAreApart = device(of: imagesPath) != device(of: root)
        return reading
    }

    private static func threadMax() -> Int64 {
        let bytes = (try? PodFiles.read("/proc/sys/kernel/threads-max", maxBytes: 64)) ?? nil
        return Int64(String(decoding: bytes ?? [], as: UTF8.self).filter(\.isNumber)) ?? .max
    }

    private static func device(of path: String) -> UInt? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt(status.st_dev) : nil
    }
}

extension StatsProvider {
    /// What each running pod uses. Sizes of directories may be a minute old.
    func consumption() async throws(RuntimeError) -> [PodUID: PodConsumption] {
        var result: [PodUID: PodConsumption] = [:]
        for usage in try await snapshot().pods { result[usage.pod.uid] = await consumption(usage) }
        return result
    }

    private func consumption(_ usage: PodUsage) async -> PodConsumption {
        func disk(_ usage: FilesystemUsage?) -> PodConsumption.Disk? {
            usage.map { .init(bytes: Int64(clamping: $0.usedBytes), inodes: Int64(clamping: $0.inodesUsed)) }
        }
        let (pod, stats) = (usage.pod, usage.stats)
        var result = PodConsumption()
        result.workingSetBytes = stats.memory.map { Int64(clamping: $0.workingSetBytes) }
        result.processCount = Int64(clamping: stats.processCount)
        for container in stats.containers {
            let logs = await trees.usage(of: "\(logDirectory(pod))/\(container.metadata.name)")
            result.containers.append(
                .init(
                    name: container.metadata.name, workingSetBytes: container.memory.map { Int64(clamping: $0.workingSetBytes) },
                    rootfs: disk(container.writableLayer), logs: disk(logs)))
        }
        for volume in await volumeUsages(pod) {
            result.volumes[volume.name] = disk(volume.usage)
            if volume.isEphemeral { result.localVolumes.insert(volume.name) }
        }
        return result
    }
}

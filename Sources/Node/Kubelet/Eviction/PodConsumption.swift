internal import APIMachinery

/// What a pod uses of that which eviction watches.
package struct PodConsumption: Sendable, Hashable {
    package struct Disk: Sendable, Hashable {
        package var bytes: Int64 = 0
        package var inodes: Int64 = 0
        package init(bytes: Int64 = 0, inodes: Int64 = 0) { (self.bytes, self.inodes) = (bytes, inodes) }
        static func + (left: Disk, right: Disk) -> Disk { .init(bytes: left.bytes + right.bytes, inodes: left.inodes + right.inodes) }
    }
    package struct OfContainer: Sendable, Hashable {
        package var name: String
        package var workingSetBytes: Int64?
        package var rootfs: Disk?
        package var logs: Disk?
        package init(name: String, workingSetBytes: Int64? = nil, rootfs: Disk? = nil, logs: Disk? = nil) {
            (self.name, self.workingSetBytes, self.rootfs, self.logs) = (name, workingSetBytes, rootfs, logs)
        }
    }

    package var containers: [OfContainer] = []
    /// Of the pod's own directory, by name.
    package var volumes: [String: Disk] = [:]
    /// Names of those that count for local storage.
    package var localVolumes: Set<String> = []
    package var workingSetBytes: Int64?
    package var processCount: Int64 = 0
    package init() {}

    /// Layers, logs and local volumes.
    var disk: Disk { rootfs + logs + local }
    var rootfs: Disk { containers.compactMap(\.rootfs).reduce(Disk(), +) }
    var logs: Disk { containers.compactMap(\.logs).reduce(Disk(), +) }
    var local: Disk { localVolumes.compactMap { volumes[$0] }.reduce(Disk(), +) }
}

/// Which files of pods lie on the file system that a signal watches.
enum EvictionFiles: Sendable, Hashable {
    /// Images have no file system of their own: everything.
    case all
    /// Images and layers have one of their own.
    case layers
    case rest

    init(_ signal: EvictionSignal, imagesAreApart: Bool) {
        guard imagesAreApart else {
            self = .all
            return
        }
        self = signal == .nodefsAvailable || signal == .nodefsInodesFree ? .rest : .layers
    }

    func disk(_ consumption: PodConsumption) -> PodConsumption.Disk {
        switch self {
        case .all: consumption.disk
        case .layers: consumption.rootfs
        case .rest: consumption.logs + consumption.local
        }
    }
}

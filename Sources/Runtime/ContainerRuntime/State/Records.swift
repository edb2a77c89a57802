package import CRI

/// `sandbox.json`: what must be known of a sandbox to find it again. Written once before success is told, and again when it is stopped.
package struct SandboxRecord: Codable, Sendable, Hashable {
    package enum Phase: String, Codable, Sendable, Hashable { case ready, stopped }

    package var version = SandboxRecord.newestVersion
    package var id: String
    package var phase = Phase.ready
    package var config: PodSandboxConfig
    /// Nanoseconds since the epoch.
    package var createdAt: Int64
    /// Empty with the machine's network.
    package var addresses: [String] = []
    /// Absolute. Containers' cgroups are directly below.
    package var cgroupPath: String
    /// The runtime made the pod's cgroup, so it removes it too.
    package var ownsCgroup = false

    package init(id: String, config: PodSandboxConfig, createdAt: Int64, cgroupPath: String) {
        self.id = id
        self.config = config
        self.createdAt = createdAt
        self.cgroupPath = cgroupPath
    }
}

/// `containers/<id>.json`: what must be known of a container that the supervisor's records do not tell. Written when it is created, and
/// again only when its start fails.
package struct ContainerRecord: Codable, Sendable, Hashable {
    package struct StartFailure: Codable, Sendable, Hashable {
        package var message: String
        /// Nanoseconds since the epoch.
        package var at: Int64
        package init(message: String, at: Int64) {
            self.message = message
            self.at = at
        }
    }

    package var version = ContainerRecord.newestVersion
    package var id: String
    package var sandboxID: String
    package var config: ContainerConfig
    /// What the image says and holds, so that a container does not depend on the image staying in the store.
    package var image: ImageFacts
    /// Nanoseconds since the epoch.
    package var createdAt: Int64
    package var startFailure: StartFailure?

    package init(id: String, sandboxID: String, config: ContainerConfig, image: ImageFacts, createdAt: Int64) {
        self.id = id
        self.sandboxID = sandboxID
        self.config = config
        self.image = image
        self.createdAt = createdAt
    }
}

/// What a container has from its image, once and for all.
package struct ImageFacts: Codable, Sendable, Hashable {
    /// `sha256:…` of the image's config.
    package var id: String
    /// A repository digest when it has one, else the id.
    package var reference: String
    package var config: ContainerSpecResolver.Image
    package var user: UserFacts
    package var root: RootFileSystem
    /// The layers of images mounted as volumes, uppermost first, by their names in the mounts.
    package var mounted: [String: [String]] = [:]
}

extension ContainerRecord {
    /// The snapshots that hold images mounted as volumes in the store: image name and snapshot.
    static func imageSnapshots(_ id: String, _ config: ContainerConfig) -> [(image: String, snapshot: String)] {
        var snapshots: [(image: String, snapshot: String)] = []
        for (index, mount) in config.mounts.enumerated() {
            if let image = mount.image { snapshots.append((image.image, "\(id).image-\(index)")) }
        }
        return snapshots
    }

    /// All that a container has.
    static func snapshotIDs(_ id: String, _ config: ContainerConfig) -> [String] {
        [id] + imageSnapshots(id, config).map(\.snapshot)
    }

    /// Whose a snapshot is.
    static func container(ofSnapshot id: String) -> String { String(id.prefix { $0 != "." }) }
}

/// A user as the image's own files have it.
package struct UserFacts: Codable, Sendable, Hashable {
    package var uid: UInt32
    package var gid: UInt32
    package var additionalGroups: [UInt32]
    package var home: String
}

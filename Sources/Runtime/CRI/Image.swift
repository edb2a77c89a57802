package struct Image: Sendable, Hashable {
    /// `sha256:…` of the image's config.
    package var id: String
    package var repoTags: [String] = []
    package var repoDigests: [String] = []
    /// Bytes, more than 0.
    package var size: UInt64
    /// The user of the image's config when it is a number.
    package var uid: Int64?
    /// The user of the image's config when it is a name.
    package var username = ""
    package var pinned = false
    package init(id: String, size: UInt64) {
        self.id = id
        self.size = size
    }
}

package struct FilesystemUsage: Sendable, Hashable {
    /// Nanoseconds since the epoch.
    package var timestamp: Int64
    package var mountpoint: String
    package var usedBytes: UInt64
    package var inodesUsed: UInt64
    package init(timestamp: Int64, mountpoint: String, usedBytes: UInt64, inodesUsed: UInt64) {
        self.timestamp = timestamp
        self.mountpoint = mountpoint
        self.usedBytes = usedBytes
        self.inodesUsed = inodesUsed
    }
}

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
    /// It came from an archive on this machine and from no registry (not of CRI v1).
    package var isImported = false
    package init(id: String, size: UInt64) {
        self.id = id
        self.size = size
    }
}

/// Credentials for one pull. Its description never shows them.
package struct AuthConfig: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var username = ""
    package var password = ""
    package var serverAddress = ""
    /// Given out by an authorization server in exchange for user and password.
    package var identityToken = ""
    /// Sent to the registry as it is.
    package var registryToken = ""
    package init() {}

    package var description: String { "<credentials>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

package struct FilesystemUsage: Sendable, Hashable {
    /// Nanoseconds since the epoch.
    package var timestamp: Int64
    package var mountpoint: String
    package var usedBytes: UInt64
    package var inodesUsed: UInt64
    /// Of the whole file system, 0 when it is not known (not of CRI v1).
    package var capacityBytes: UInt64 = 0
    package var availableBytes: UInt64 = 0
    package init(timestamp: Int64, mountpoint: String, usedBytes: UInt64, inodesUsed: UInt64) {
        self.timestamp = timestamp
        self.mountpoint = mountpoint
        self.usedBytes = usedBytes
        self.inodesUsed = inodesUsed
    }
}

/// A container's root file system, to be mounted as an overlay in the container's mount namespace by somebody else.
package struct Snapshot: Sendable, Hashable {
    package let id: String
    package let image: Digest
    /// Absolute paths, top first, as overlayfs wants them; one per `lowerdir+` of fsconfig(2), where nothing is escaped.
    package let lowerDirectories: [String]
    package let upperDirectory: String
    package let workDirectory: String
    /// Where paths in `mountOptions` start, when they had to be relative; nil when they are absolute.
    package let mountDirectory: String?

    /// The data of mount(2): `lowerdir=…,upperdir=…,workdir=…,volatile`.
    ///
    /// mount(2) takes one page at most. A longer string gets relative paths and `mountDirectory`, which the mounting process
    /// has to make its working directory; that is enough for some 59 layers. Beyond, `mountOptions` is nil and only
    /// fsconfig(2) can mount it.
    package let mountOptions: String?

    static let pageBytes = 4096

    /// - Parameter layerNames: The layers' paths relative to `layersPath`, top first.
    init(id: String, image: Digest, layersPath: String, layerNames: [String], snapshotPath: String) {
        self.id = id
        self.image = image
        lowerDirectories = layerNames.map { "\(layersPath)/\($0)" }
        upperDirectory = "\(snapshotPath)/upper"
        workDirectory = "\(snapshotPath)/work"
        let absolute = Self.options(lower: lowerDirectories, upper: upperDirectory, work: workDirectory)
        let relative = Self.options(lower: layerNames, upper: upperDirectory, work: workDirectory)
        // The terminating NUL counts.
        (mountOptions, mountDirectory) =
            if absolute.utf8.count < Self.pageBytes {
                (absolute, nil)
            } else if relative.utf8.count < Self.pageBytes { (relative, layersPath) } else { (nil, nil) }
    }

    /// `volatile`: without it each unmount would sync the host's file system.
    static func options(lower: [String], upper: String, work: String) -> String {
        "lowerdir=\(lower.map(escaped).joined(separator: ":")),upperdir=\(escaped(upper)),workdir=\(escaped(work)),volatile"
    }

    /// overlayfs splits at `:` and `,` and takes a backslash before them for an escape.
    static func escaped(_ path: String) -> String {
        var result = ""
        for character in path {
            if character == ":" || character == "," || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

/// What is known of a snapshot on disk.
package struct SnapshotRecord: Sendable, Hashable {
    package let id: String
    package let image: Digest
    /// The chain ID of the image's topmost layer; nil for an image without layers.
    package let topLayer: Digest?
}

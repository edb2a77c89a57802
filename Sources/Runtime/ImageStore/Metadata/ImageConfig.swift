import APIMachinery

/// What an image says about itself: OCI image-spec, config.md, and docker's config of the same shape.
package struct ImageConfig: Hashable, Sendable {
    package var architecture: String
    package var os: String
    package var variant: String?
    /// RFC 3339, as the image has it.
    package var created: String?
    package var author: String?

    /// nil when the image has none; Kubernetes's `command` takes its place.
    package var entrypoint: [String]?
    /// nil when the image has none; Kubernetes's `args` take its place.
    package var cmd: [String]?
    /// `NAME=VALUE`.
    package var env: [String]
    /// `uid`, `uid:gid`, `name` or `name:group`; empty is root.
    package var user: String
    package var workingDir: String
    /// `SIGQUIT` or `3`.
    package var stopSignal: String?
    /// Mount points, sorted.
    package var volumes: [String]
    /// `80/tcp`, sorted.
    package var exposedPorts: [String]
    package var labels: [String: String]

    /// The digests of the layers' tar streams, bottom first.
    package var diffIDs: [Digest]
    package var history: [History]

    package struct History: Hashable, Sendable {
        package var created: String?
        package var createdBy: String?
        package var comment: String?
        package var emptyLayer: Bool
    }

    /// - Parameter bytes: The config's JSON.
    /// - Throws: `.refused` with the path of what is wrong.
    package init(parsing bytes: [UInt8]) throws(ImageError) {
        let document = try MetadataField(parsing: bytes, name: "image config")
        architecture = try document.string("architecture") ?? ""
        os = try document.string("os") ?? ""
        variant = try document.string("variant")
        created = try document.string("created")
        author = try document.string("author")

        let config = try document.member("config")
        entrypoint = try config?.strings("Entrypoint")
        cmd = try config?.strings("Cmd")
        env = try config?.strings("Env") ?? []
        user = try config?.string("User") ?? ""
        workingDir = try config?.string("WorkingDir") ?? ""
        stopSignal = try config?.string("StopSignal")
        volumes = try config?.member("Volumes")?.keys ?? []
        exposedPorts = try config?.member("ExposedPorts")?.keys ?? []
        labels = try config?.member("Labels")?.stringMap ?? [:]

        diffIDs = []
        let rootfs = try document.required("rootfs")
        for field in try rootfs.member("diff_ids")?.elements ?? [] { diffIDs.append(try field.digest) }
        history = []
        for entry in try document.member("history")?.elements ?? [] {
            history.append(
                History(
                    created: try entry.string("created"), createdBy: try entry.string("created_by"),
                    comment: try entry.string("comment"), emptyLayer: try entry.member("empty_layer")?.bool ?? false))
        }
    }

    /// The chain IDs of the layers, bottom first: each names a layer with everything below it.
    /// OCI image-spec, config.md, "Layer ChainID".
    package var chainIDs: [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs { chain.append(Self.chainID(of: diffID, on: chain.last)) }
        return chain
    }

    static func chainID(of diffID: Digest, on parent: Digest?) -> Digest {
        guard let parent else { return diffID }
        return Digest(of: Array("\(parent) \(diffID)".utf8))
    }

    /// The config of an image that is nothing but a root file system.
    static func plain(diffID: Digest) -> [UInt8] {
        let config: JSONValue = [
            "architecture": .string(Platform.host.architecture), "os": "linux", "config": [:],
            "rootfs": ["type": "layers", "diff_ids": [.string(diffID.description)]],
        ]
        return config.serialized()
    }
}

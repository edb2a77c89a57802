import APIMachinery

@testable import ImageStore

/// An image in the making, to be written in each of the formats.
struct ImageBuilder {
    /// Tar streams, bottom first.
    var layers: [[UInt8]]
    var tags: [String] = ["busybox:1"]
    var config: JSONValue = [:]
    var architecture = Platform.host.architecture
    /// What the layers are compressed with, `cat` for nothing.
    var compression = "cat"
    /// Put in place of the layers' own diff IDs.
    var diffIDs: [Digest]?

    init(_ layers: [[TarEntry]]) throws { self.layers = try layers.map(tar) }

    var configBytes: [UInt8] {
        let ids = diffIDs ?? layers.map { Digest(of: $0) }
        let json: JSONValue = [
            "architecture": .string(architecture), "os": "linux", "config": config,
            "rootfs": ["type": "layers", "diff_ids": .array(ids.map { .string($0.description) })],
        ]
        return json.serialized()
    }

    /// The config's digest.
    var id: Digest { Digest(of: configBytes) }

    func dockerArchive(at name: String, in directory: TemporaryDirectory) throws -> String {
        var entries: [TarEntry] = []
        var paths: [JSONValue] = []
        for (index, layer) in layers.enumerated() {
            let bytes = try compressed(layer, with: compression)
            entries.append(.bytes(RawPath("\(index)/layer.tar"), bytes))
            paths.append(.string("\(index)/layer.tar"))
        }
        entries.append(.bytes("config.json", configBytes))
        let manifest: JSONValue = [
            ["Config": "config.json", "RepoTags": .array(tags.map(JSONValue.string)), "Layers": .array(paths)]
        ]
        entries.append(.bytes("manifest.json", manifest.serialized()))
        return try directory.write(name, tar(entries))
    }

    /// The files of an OCI layout by name.
    func layout() throws -> [(name: String, bytes: [UInt8])] {
        var files: [(name: String, bytes: [UInt8])] = [("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))]
        func blob(_ bytes: [UInt8], _ mediaType: String) -> JSONValue {
            let digest = Digest(of: bytes)
            files.append(("blobs/sha256/\(digest.hex)", bytes))
            return ["mediaType": .string(mediaType), "digest": .string(digest.description), "size": .integer(Int64(bytes.count))]
        }
        let config = blob(configBytes, "application/vnd.oci.image.config.v1+json")
        let layers = try layers.map { blob(try compressed($0, with: compression), "application/vnd.oci.image.layer.v1.tar") }
        let manifest: JSONValue = ["schemaVersion": 2, "config": config, "layers": .array(layers)]
        var descriptor = blob(manifest.serialized(), "application/vnd.oci.image.manifest.v1+json")
        if let tag = tags.first {
            descriptor["annotations"] = ["io.containerd.image.name": .string(tag)]
        }
        let index: JSONValue = ["schemaVersion": 2, "manifests": [descriptor]]
        files.append(("index.json", index.serialized()))
        return files
    }

    func ociLayout(at name: String, in directory: TemporaryDirectory) throws -> String {
        for file in try layout() { try directory.write("\(name)/\(file.name)", file.bytes) }
        return directory.path(name)
    }

    func ociArchive(at name: String, in directory: TemporaryDirectory) throws -> String {
        try directory.write(name, tar(layout().map { .bytes(RawPath($0.name), $0.bytes) }))
    }
}

extension TarEntry {
    static func bytes(_ path: RawPath, _ bytes: [UInt8]) -> TarEntry {
        var entry = file(path)
        entry.header = ArchiveEntry(path: path, kind: .file, permissions: 0o644, size: Int64(bytes.count))
        entry.content = bytes
        return entry
    }
}

extension ImageStore {
    /// A store in a temporary directory.
    convenience init(in directory: TemporaryDirectory, limits: ImageLimits = ImageLimits()) throws {
        try self.init(root: directory.path("store"), limits: limits)
    }
}

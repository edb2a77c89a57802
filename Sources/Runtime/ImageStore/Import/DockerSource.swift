/// Reads what `docker save` and its like write: a tar with `manifest.json`, which names configs and layers by their paths
/// in the archive. It comes last, so every file is collected on the way. Layers may be links to each other.
enum DockerSource {
    static func collect(
        archive path: String, into staging: Staging, limits: ImageLimits, progress: @escaping (Int64, Int64?) -> Void
    ) throws(ImageError) -> [CollectedImage] {
        var contents = ArchiveIndex()
        var manifest: [UInt8]?
        try withArchive(path, progress: progress) { (archive) throws(ImageError) in
            while let entry = try archive.next() {
                guard let name = try? LayerPath.components(of: entry.path) else { continue }
                switch entry.kind {
                case .file where name == ["manifest.json"]:
                    manifest = try archive.readMetadata(entry, limit: limits.metadataBytes)
                case .file: contents.files[name] = unsafe try staging.add(expected: nil, read: archive.read)
                case .symlink(let target): contents.links[name] = Array(name.dropLast()) + ArchiveIndex.names(target)
                case .hardLink(let target): contents.links[name] = ArchiveIndex.names(target)
                default: break
                }
            }
        }
        guard let manifest else { throw .refused("manifest.json is missing") }
        var images: [CollectedImage] = []
        for item in try DockerArchiveManifest(parsing: manifest).items {
            images.append(try image(item, contents, staging, limits))
        }
        return images
    }

    private static func image(
        _ item: DockerArchiveManifest.Item, _ contents: ArchiveIndex, _ staging: Staging, _ limits: ImageLimits
    ) throws(ImageError) -> CollectedImage {
        let config = try contents.digest(of: item.config)
        var layers: [Digest] = []
        for layer in item.layers { layers.append(try contents.digest(of: layer)) }
        var names: [ImageReference] = []
        for tag in item.repoTags { names.append(try ImageReference(tag)) }
        return try CollectedImage(
            configDigest: config, manifest: nil, layers: layers, names: names, in: staging, limits: limits)
    }
}

/// The files of an archive by their paths, with links between them. No path of it ever reaches the file system.
struct ArchiveIndex {
    var files: [[RawPath]: Digest] = [:]
    /// Paths relative to the archive's root; `..` may stand in them.
    var links: [[RawPath]: [RawPath]] = [:]

    static func names(_ path: RawPath) -> [RawPath] {
        path.bytes.split(separator: UInt8(ascii: "/")).map(RawPath.init(bytes:)).filter { $0 != "." }
    }

    /// - Throws: `.refused` when the path, its links followed, is no file of the archive.
    func digest(of path: String) throws(ImageError) -> Digest {
        var names = Self.names(RawPath(path))
        for _ in 0..<16 {
            guard let normal = Self.normalised(names) else { break }
            if let digest = files[normal] { return digest }
            guard let target = links[normal] else { break }
            names = target
        }
        throw .refused("manifest.json names \(quoted(path)), which is not in the archive")
    }

    /// The path without `..`, nil when it leaves the archive.
    private static func normalised(_ names: [RawPath]) -> [RawPath]? {
        var result: [RawPath] = []
        for name in names {
            if name != ".." { result.append(name) } else if result.popLast() == nil { return nil }
        }
        return result
    }
}

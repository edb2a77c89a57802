import Glibc
import LinuxSystem

/// Reads an OCI image layout, OCI image-spec, image-layout.md: a directory, or the same in a tar.
enum OCISource {
    /// Collects what a layout directory's images need.
    static func collect(
        directory path: String, into staging: Staging, limits: ImageLimits, progress: @escaping (Int64, Int64?) -> Void
    ) throws(ImageError) -> [CollectedImage] {
        let layout = try Layout(path: path, progress: progress)
        let index = try layout.index(limit: limits.metadataBytes)
        return try images(index: index, staging, limits) { (digest) throws(ImageError) in
            if staging.blobs[digest] == nil { try layout.copy(digest, to: staging) }
        }
    }

    /// Collects what a tar of a layout has; blobs that no image needs are dropped with the staging directory.
    static func collect(
        archive path: String, into staging: Staging, limits: ImageLimits, progress: @escaping (Int64, Int64?) -> Void
    ) throws(ImageError) -> [CollectedImage] {
        var index: [UInt8]?
        try withArchive(path, progress: progress) { (archive) throws(ImageError) in
            while let entry = try archive.next() {
                guard entry.kind == .file, let name = try? LayerPath.components(of: entry.path) else { continue }
                if name == ["index.json"] {
                    index = try archive.readMetadata(entry, limit: limits.metadataBytes)
                } else if name.count == 3, name[0] == "blobs", name[1] == "sha256" {
                    let digest = try Digest(hex: name[2].description)
                    _ = unsafe try staging.add(expected: digest, read: archive.read)
                }
            }
        }
        guard let index else { throw .refused("index.json is missing") }
        return try images(index: index, staging, limits) { (digest) throws(ImageError) in
            if staging.blobs[digest] == nil { throw .refused("blob \(digest) is missing") }
        }
    }

    private static func images(
        index: [UInt8], _ staging: Staging, _ limits: ImageLimits, _ fetch: (Digest) throws(ImageError) -> Void
    ) throws(ImageError) -> [CollectedImage] {
        let descriptors = try ManifestIndex(parsing: index, name: "index.json").manifests
        guard !descriptors.isEmpty else { throw .refused("index.json lists no image") }
        // Several manifests of one name, or of none, are platforms of one image.
        var order: [String?] = []
        for descriptor in descriptors where !order.contains(descriptor.imageName) { order.append(descriptor.imageName) }
        var images: [CollectedImage] = []
        for name in order {
            let chosen = try ManifestIndex.choose(among: descriptors.filter { $0.imageName == name })
            let names = try name.map { (name) throws(ImageError) in [try reference(fromAnnotation: name)].compactMap { $0 } }
            images.append(try image(chosen, names: names ?? [], staging, limits, fetch))
        }
        return images
    }

    /// A layout's name may be a whole reference or only a tag, which names nothing by itself.
    private static func reference(fromAnnotation name: String) throws(ImageError) -> ImageReference? {
        guard name.contains("/") || name.contains(":") else { return nil }
        return try ImageReference(name)
    }

    private static func image(
        _ descriptor: Descriptor, names: [ImageReference], _ staging: Staging, _ limits: ImageLimits,
        _ fetch: (Digest) throws(ImageError) -> Void
    ) throws(ImageError) -> CollectedImage {
        var descriptor = descriptor
        for _ in 0..<8 where descriptor.isIndex {
            let bytes = try metadata(descriptor, staging, limits, fetch)
            let nested = try ManifestIndex(parsing: bytes, name: "index \(descriptor.digest)")
            descriptor = try ManifestIndex.choose(among: nested.manifests)
        }
        guard !descriptor.isIndex else { throw .refused("indexes lead to indexes more than 8 times") }
        let bytes = try metadata(descriptor, staging, limits, fetch)
        let manifest = try ImageManifest(parsing: bytes, name: "manifest \(descriptor.digest)")
        guard manifest.layers.count <= limits.layers else {
            throw .refused("the image has \(manifest.layers.count) layers, more than \(limits.layers), the limit")
        }
        for blob in [manifest.config] + manifest.layers {
            try fetch(blob.digest)
            try checkSize(blob, staging)
        }
        return try CollectedImage(
            configDigest: manifest.config.digest, manifest: descriptor.digest, layers: manifest.layers.map(\.digest),
            names: names, in: staging, limits: limits)
    }

    private static func metadata(
        _ descriptor: Descriptor, _ staging: Staging, _ limits: ImageLimits, _ fetch: (Digest) throws(ImageError) -> Void
    ) throws(ImageError) -> [UInt8] {
        guard descriptor.sizeBytes <= limits.metadataBytes else {
            throw .refused("blob \(descriptor.digest) is metadata of more than \(limits.metadataBytes) bytes, the limit")
        }
        try fetch(descriptor.digest)
        try checkSize(descriptor, staging)
        return try staging.contents(of: descriptor.digest, limit: limits.metadataBytes)
    }

    private static func checkSize(_ descriptor: Descriptor, _ staging: Staging) throws(ImageError) {
        guard let size = staging.blobs[descriptor.digest], size == descriptor.sizeBytes else {
            throw .refused(
                "blob \(descriptor.digest) has \(staging.blobs[descriptor.digest] ?? 0) bytes, "
                    + "its descriptor says \(descriptor.sizeBytes)")
        }
    }
}

extension ArchiveReader {
    /// The current entry's whole content.
    func readMetadata(_ entry: ArchiveEntry, limit: Int) throws(ImageError) -> [UInt8] {
        guard entry.size <= limit else {
            throw .refused("\(quoted(entry.path.description)) has \(entry.size) bytes, more than \(limit), the limit")
        }
        var bytes: [UInt8] = []
        unsafe try readData { (part, _) throws(ImageError) in
            guard bytes.count + part.count <= limit else { throw .refused("metadata of more than \(limit) bytes") }
            unsafe bytes.append(contentsOf: part)
        }
        return bytes
    }
}

/// A layout directory that is being read.
private final class Layout {
    private let root: Directory
    private let progress: (Int64, Int64?) -> Void
    private var completedBytes: Int64 = 0

    init(path: String, progress: @escaping (Int64, Int64?) -> Void) throws(ImageError) {
        do { root = try Directory(path: path) } catch { throw .failed("open \(path)", error) }
        self.progress = progress
    }

    func index(limit: Int) throws(ImageError) -> [UInt8] {
        do {
            if let bytes = try root.contents(of: "index.json", limit: limit) { return bytes }
        } catch { throw .failed("read index.json", error) }
        throw .refused("index.json is larger than \(limit) bytes, the limit")
    }

    /// A blob may be a symlink, as long as it stays inside the layout.
    func copy(_ digest: Digest, to staging: Staging) throws(ImageError) {
        let before = completedBytes
        let source = try FileSource(open(digest), name: "blob \(digest)") { done, _ in
            self.completedBytes = before + done
            self.progress(self.completedBytes, nil)
        }
        _ = unsafe try staging.add(expected: digest, read: source.read)
    }

    private func open(_ digest: Digest) throws(ImageError) -> OwnedFD {
        do {
            return try root.fd.open(
                "blobs/sha256/\(digest.hex)", flags: O_RDONLY | O_NONBLOCK, resolve: [.beneath, .noMagicLinks])
        } catch {
            if error == .noSuchFile { throw .refused("blob \(digest) is missing") }
            throw .failed("open blob \(digest)", error)
        }
    }
}

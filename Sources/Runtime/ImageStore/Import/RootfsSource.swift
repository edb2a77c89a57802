import Glibc
import LinuxSystem

/// Makes an image with one layer and an empty config of a root file system, a directory or a tar.
enum RootfsSource {
    static func collect(
        directory path: String, into staging: Staging, limits: ImageLimits, note: @escaping (String) -> Void
    ) throws(ImageError) -> [CollectedImage] {
        do {
            let file = try staging.directory.open("rootfs.tar", flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            let writer = try ArchiveWriter(file)
            try RootfsArchiver.write(try Directory(path: path), to: writer, note: note)
            let tar = try FileSource(staging.directory.open("rootfs.tar", flags: O_RDONLY), name: "rootfs.tar") { _, _ in }
            let layer = unsafe try staging.add(expected: nil, read: tar.read)
            try staging.directory.unlink("rootfs.tar")
            return [try image(layer: layer, diffID: layer, source: path, staging, limits)]
        } catch let error as ImageError { throw error } catch let error as Errno {
            throw .failed("read \(path)", error)
        } catch { throw ImageError(.failed, "read \(path)", cause: error) }
    }

    static func collect(
        archive path: String, into staging: Staging, limits: ImageLimits, progress: @escaping (Int64, Int64?) -> Void
    ) throws(ImageError) -> [CollectedImage] {
        let source = try FileSource(openFile(path), name: path, progress: progress)
        let layer = unsafe try staging.add(expected: nil, read: source.read)
        return [try image(layer: layer, diffID: try diffID(of: layer, in: staging, limits), source: path, staging, limits)]
    }

    /// The digest of the tar below the compression.
    private static func diffID(of blob: Digest, in staging: Staging, _ limits: ImageLimits) throws(ImageError) -> Digest {
        let source = try FileSource(staging.open(blob), name: "blob \(blob)") { _, _ in }
        let stream = try DecompressedLayer(source: source, limitBytes: limits.layerStreamBytes)
        return try stream.digestOfRest()
    }

    private static func image(
        layer: Digest, diffID: Digest, source: String, _ staging: Staging, _ limits: ImageLimits
    ) throws(ImageError) -> CollectedImage {
        let config = try staging.add(ImageConfig.plain(diffID: diffID))
        return try CollectedImage(
            configDigest: config, manifest: nil, layers: [layer], names: [name(for: source)].compactMap { $0 },
            in: staging, limits: limits)
    }

    /// The file's name without its suffixes, if it can name an image.
    static func name(for path: String) -> ImageReference? {
        var name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        for suffix in [".gz", ".zst", ".xz", ".bz2", ".tgz", ".tar"] where name.hasSuffix(suffix) {
            name.removeLast(suffix.count)
        }
        return try? ImageReference(name)
    }
}

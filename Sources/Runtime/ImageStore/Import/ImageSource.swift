import Glibc
import LinuxSystem

/// What a path holds that can become an image.
package enum ImageSourceKind: String, Sendable, Hashable {
    case dockerArchive = "docker-archive"
    case ociArchive = "oci-archive"
    case ociLayout = "oci-layout"
    case rootfsDirectory = "rootfs directory"
    case rootfsArchive = "rootfs tar"

    /// Tells them apart by what is inside; names and suffixes do not count.
    ///
    /// An archive that is both, as newer versions of `docker save` write, is read as OCI: it has the manifests' digests.
    static func detect(path: String) throws(ImageError) -> ImageSourceKind {
        let kind: FileStatus.Kind
        do { kind = try openFile(path, flags: O_NONBLOCK).status.kind } catch let error as ImageError { throw error } catch {
            throw ImageError(.failed, "open \(path)", cause: error)
        }
        switch kind {
        case .directory: return try detect(directory: path)
        case .file: return try detect(archive: path)
        default: throw .invalid("\(path) is neither a file nor a directory")
        }
    }

    private static func detect(directory path: String) throws(ImageError) -> ImageSourceKind {
        var found: Set<RawPath> = []
        do {
            let directory = try Directory(path: path)
            for name: RawPath in ["oci-layout", "index.json", "blobs", "manifest.json", "version"] {
                if try directory.statusIfExists(name) != nil { found.insert(name) }
            }
        } catch { throw .failed("open \(path)", error) }
        if found.isSuperset(of: ["oci-layout", "index.json"]) { return .ociLayout }
        // Nearly an image, and certainly no root file system.
        if found.isSuperset(of: ["index.json", "blobs"]) { throw .refused("\(path) is an OCI layout without its file oci-layout") }
        if found.isSuperset(of: ["oci-layout", "blobs"]) { throw .refused("\(path) is an OCI layout without its index.json") }
        if found.isSuperset(of: ["manifest.json", "version"]) {
            throw .refused("\(path) is a dir: of skopeo: skopeo copy dir:\(path) oci-archive:image.tar makes what can be imported")
        }
        return .rootfsDirectory
    }

    private static func detect(archive path: String) throws(ImageError) -> ImageSourceKind {
        var names: Set<RawPath> = []
        var count = 0
        try withArchive(path, progress: { _, _ in }) { (archive) throws(ImageError) in
            while let entry = try archive.next() {
                count += 1
                if let name = try? LayerPath.components(of: entry.path), name.count == 1 { names.insert(name[0]) }
            }
        }
        if names.contains("oci-layout"), names.contains("index.json") { return .ociArchive }
        if names.contains("manifest.json") { return .dockerArchive }
        guard count > 0 else { throw .refused("\(path) is an empty archive") }
        return .rootfsArchive
    }
}

/// Opens a file that is a tar, compressed or not.
func withArchive(
    _ path: String, progress: @escaping (Int64, Int64?) -> Void, _ body: (ArchiveReader) throws(ImageError) -> Void
) throws(ImageError) {
    let source = try FileSource(openFile(path), name: path, progress: progress)
    let archive = unsafe try ArchiveReader(.compressedTar, source: source.read)
    try body(archive)
}

func openFile(_ path: String, flags: CInt = 0) throws(ImageError) -> OwnedFD {
    let fd = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | flags)
    guard fd >= 0 else { throw .failed("open \(path)", Errno.current) }
    return OwnedFD(adopting: fd)
}

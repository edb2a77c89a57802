import Glibc
import LinuxSystem

/// Directories stacked as overlayfs stacks them, read without a mount: the topmost entry of a name counts, a whiteout
/// hides what is below, an opaque directory ends the stack. Documentation/filesystems/overlayfs.rst.
///
/// Symlinks resolve as inside the container: absolute ones start at the merged root, and `..` stops there.
final class MergedTree: Sendable {
    /// A directory that several owners hold.
    final class Layer: Sendable {
        let directory: Directory
        init(_ directory: consuming Directory) { self.directory = directory }
    }

    private let layers: [Layer]

    /// - Parameter layers: Top first.
    init(_ layers: [Layer]) { self.layers = layers }

    /// - Parameter paths: Absolute directories, top first.
    convenience init(paths: [String]) throws(ImageError) {
        var layers: [Layer] = []
        for path in paths {
            do { layers.append(Layer(try Directory(path: path))) } catch { throw .failed("open layer \(path)", error) }
        }
        self.init(layers)
    }

    /// What stands at a path in the merged view.
    struct Entry {
        /// The layer that has it, and the path there, free of symlinks.
        let layer: Layer
        let path: RawPath
        let status: FileStatus
    }

    /// The entry at this literal path; no symlink is followed.
    func entry(at components: [RawPath]) throws(Errno) -> Entry? {
        var candidates = layers
        for depth in 0..<components.count {
            let path = LayerPath.joined(components[...depth])
            let found = try Self.lookUp(path, in: candidates)
            guard let top = found.first else { return nil }
            if depth == components.count - 1 { return top }
            guard top.status.kind == .directory else { return nil }
            candidates = found.map(\.layer)
        }
        guard let top = layers.first else { return nil }
        return Entry(layer: top, path: ".", status: try top.directory.status("."))
    }

    /// The whole content of a file, symlinks followed.
    ///
    /// - Returns: nil when there is no such file.
    /// - Throws: `.refused` when it is larger than `limit` bytes or no regular file.
    func contents(of path: String, limit: Int) throws(ImageError) -> [UInt8]? {
        let bytes: [UInt8]?
        do {
            guard let entry = try resolve(path) else { return nil }
            guard entry.status.kind == .file else { throw ImageError.refused("\(path) in the image is no regular file") }
            bytes = try entry.layer.directory.fd.open(
                entry.path.cString, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK, resolve: [.beneath, .noSymlinks]
            ).readAll(limit: limit)
        } catch let error as ImageError { throw error } catch let error as Errno {
            throw .failed("read \(path) of the image", error)
        } catch { throw ImageError(.failed, "read \(path) of the image", cause: error) }
        guard let bytes else { throw .refused("\(path) in the image is larger than \(limit) bytes") }
        return bytes
    }

    /// Follows symlinks; 40 of them at most, as the kernel does (MAXSYMLINKS).
    func resolve(_ path: String) throws(Errno) -> Entry? {
        var waiting = Array(Self.names(RawPath(path)).reversed())
        var resolved: [RawPath] = []
        var symlinks = 0
        while let name = waiting.popLast() {
            if name == ".." {
                _ = resolved.popLast()
                continue
            }
            guard let entry = try entry(at: resolved + [name]) else { return nil }
            guard entry.status.kind == .symlink else {
                resolved.append(name)
                continue
            }
            symlinks += 1
            guard symlinks <= 40 else { throw .tooManyLinks }
            let target = try Self.symlinkTarget(entry)
            if target.bytes.first == UInt8(ascii: "/") { resolved = [] }
            waiting += Self.names(target).reversed()
        }
        return try entry(at: resolved)
    }

    private static func names(_ path: RawPath) -> [RawPath] {
        path.bytes.split(separator: UInt8(ascii: "/")).map(RawPath.init(bytes:)).filter { $0 != "." }
    }

    private static func symlinkTarget(_ entry: Entry) throws(Errno) -> RawPath {
        let components = names(entry.path)
        let parent = try entry.layer.directory.directory(beneath: LayerPath.joined(components.dropLast()))
        return try parent.readSymlink(components[components.count - 1])
    }

    /// The layers that show an entry at `path`, top first; more than one only when all are directories that merge.
    private static func lookUp(_ path: RawPath, in candidates: [Layer]) throws(Errno) -> [Entry] {
        var found: [Entry] = []
        for layer in candidates {
            let fd: OwnedFD
            do throws(Errno) {
                fd = try layer.directory.fd.open(
                    path.cString, flags: OwnedFD.pathOnly | O_NOFOLLOW, resolve: [.beneath, .noSymlinks])
            } catch {
                if error == .noSuchFile { continue }
                throw error
            }
            let status = try fd.status
            if status.isWhiteout { break }
            if status.kind != .directory {
                if found.isEmpty { found.append(Entry(layer: layer, path: path, status: status)) }
                break
            }
            found.append(Entry(layer: layer, path: path, status: status))
            if Directory(fd).isOpaque { break }
        }
        return found
    }
}

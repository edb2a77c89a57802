import Glibc
import LinuxSystem

/// Writes a directory as a tar stream: names in byte order, so that the same tree gives the same bytes; no symlink is
/// followed, no other file system is entered.
struct RootfsArchiver: ~Copyable {
    private let root: Directory
    private let writer: ArchiveWriter
    private let note: (String) -> Void
    /// The first name of each file that has several.
    private var firstNames: [FileIdentity: RawPath] = [:]

    private struct FileIdentity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// - Parameter note: Told in one line what is left out.
    static func write(
        _ root: consuming Directory, to writer: ArchiveWriter, note: @escaping (String) -> Void
    ) throws(ImageError) {
        var archiver = RootfsArchiver(root: root, writer: writer, note: note)
        try archiver.run()
        try writer.finish()
    }

    private init(root: consuming Directory, writer: ArchiveWriter, note: @escaping (String) -> Void) {
        self.root = root
        self.writer = writer
        self.note = note
    }

    private mutating func run() throws(ImageError) {
        var waiting: [RawPath] = []
        let device = try visit(parent: ".", name: ".", path: ".", into: &waiting, rootDevice: nil)
        while let path = waiting.popLast() {
            let names: [RawPath]
            do { names = try root.directory(beneath: path).names() } catch { throw .failed("read \(path)", error) }
            var inner: [RawPath] = []
            for name in names.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
                let full = path == "." ? name : LayerPath.joined([path, name])
                _ = try visit(parent: path, name: name, path: full, into: &inner, rootDevice: device)
            }
            waiting += inner.reversed()
        }
    }

    /// Writes one entry; a directory is added to `waiting`.
    private mutating func visit(
        parent: RawPath, name: RawPath, path: RawPath, into waiting: inout [RawPath], rootDevice: UInt64?
    ) throws(ImageError) -> UInt64 {
        do {
            if name.bytes.starts(with: Array(".wh.".utf8)) {
                throw ImageError.refused("names that start with .wh. mean deletions in a layer")
            }
            let directory = try root.directory(beneath: parent)
            let status = try directory.status(name)
            guard let kind = try kind(of: name, path, status, in: directory) else { return status.device }
            try writer.add(
                ArchiveEntry(
                    path: path, kind: kind, permissions: status.permissions, userID: Int64(status.userID),
                    groupID: Int64(status.groupID), size: status.size, modified: status.modified,
                    extendedAttributes: try attributes(of: name, in: directory)))
            if kind == .file { try copy(name, sizeBytes: status.size, from: directory) }
            if kind == .directory {
                if rootDevice == nil || status.device == rootDevice {
                    waiting.append(path)
                } else {
                    note("\(path): another file system is mounted there; its content is left out")
                }
            }
            return status.device
        } catch let error as ImageError { throw error.within(quoted(path.description)) } catch let error as Errno {
            throw .failed("read \(quoted(path.description))", error)
        } catch { throw ImageError(.failed, "read \(quoted(path.description))", cause: error) }
    }

    /// nil for what is left out.
    private mutating func kind(
        of name: RawPath, _ path: RawPath, _ status: FileStatus, in directory: borrowing Directory
    ) throws -> ArchiveEntry.Kind? {
        if status.kind != .directory, status.linkCount > 1 {
            let identity = FileIdentity(device: status.device, inode: status.inode)
            if let first = firstNames[identity] { return .hardLink(target: first) }
            firstNames[identity] = path
        }
        switch status.kind {
        case .file: return .file
        case .directory: return .directory
        case .fifo: return .fifo
        case .symlink: return .symlink(target: try directory.readSymlink(name))
        case .character, .block: throw ImageError.refused("device nodes are not allowed in an image")
        case .socket:
            note("\(path): a socket is left out")
            return nil
        }
    }

    private func attributes(
        of name: RawPath, in directory: borrowing Directory
    ) throws(Errno) -> [ArchiveEntry.ExtendedAttribute] {
        try directory.extendedAttributes(of: name).filter { ExtendedAttributeRule($0.name) == .keep }
            .map { ArchiveEntry.ExtendedAttribute(name: $0.name, value: $0.value) }
    }

    private func copy(_ name: RawPath, sizeBytes: Int64, from directory: borrowing Directory) throws {
        let file = try directory.open(name, flags: O_RDONLY | O_NONBLOCK)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        var rest = sizeBytes
        while rest > 0 {
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(rest, Int64(buffer.count)))])
            let count = unsafe try file.read(into: part)
            guard count > 0 else { throw ImageError.refused("the file became shorter while it was read") }
            unsafe try writer.write(UnsafeRawBufferPointer(rebasing: part[..<count]))
            rest -= Int64(count)
        }
    }
}

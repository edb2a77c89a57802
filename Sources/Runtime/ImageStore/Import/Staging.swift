import Glibc
import LinuxSystem

/// A private directory in which an import collects content before it is published: `ROOT/ingest/NAME`.
///
/// Its lock file is held locked as long as the import runs, so that a later start can tell a dead import's directory.
final class Staging {
    let directory: Directory
    private let parent: Directory
    private let name: RawPath
    private let lock: FileLock
    /// What has been collected, with sizes.
    private(set) var blobs: [Digest: Int64] = [:]

    init(root: borrowing Directory) throws(ImageError) {
        do {
            let parent = try root.makeOrOpenDirectory("ingest", mode: 0o700)
            // Under the store's lock, so that nobody takes the new directory for a dead one before its lock is held.
            let guardian = try FileLock("lock", in: root, mode: .shared)
            let name = RawPath("\(getpid())-\(UInt64.random(in: .min ... .max))")
            try parent.makeDirectory(name, mode: 0o700)
            let directory = try parent.directory(named: name)
            lock = try FileLock("lock", in: directory, mode: .exclusive)
            guardian.unlock()
            self.directory = directory
            self.parent = parent
            self.name = name
        } catch { throw .failed("make a directory in ingest", error) }
    }

    deinit { try? parent.removeTree(name) }  // what is left is removed by the next start

    /// Removes what imports that are no longer running have left. Call it with the store's lock held exclusively.
    static func removeDead(root: borrowing Directory) throws(Errno) {
        let parent = try root.makeOrOpenDirectory("ingest", mode: 0o700)
        for name in try parent.names() {
            if try parent.status(name).kind == .directory {
                let directory = try parent.directory(named: name)
                guard try FileLock.ifFree("lock", in: directory) != nil else { continue }
            }
            try parent.removeTree(name)
        }
    }

    /// Stores a blob.
    ///
    /// - Parameters:
    ///   - expected: Its digest, when it is known beforehand.
    ///   - read: Fills the buffer; 0 bytes mean the end.
    /// - Throws: `.refused` when the content has another digest.
    func add(expected: Digest?, read: ArchiveReader.Source) throws(ImageError) -> Digest {
        let temporary = RawPath("blob-\(blobs.count)-\(UInt64.random(in: .min ... .max))")
        var hash = SHA256Stream()
        do {
            let file = try directory.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o444)
            unsafe try Self.copy(read, to: file, &hash)
        } catch let error as ImageError { throw error } catch let error as Errno {
            throw .failed("write to ingest", error)
        } catch { throw ImageError(.failed, "write to ingest", cause: error) }
        let digest = hash.digest
        if let expected, expected != digest {
            try? directory.unlink(temporary)
            throw .refused("blob \(expected): digest mismatch, the content is \(digest)")
        }
        do { try directory.rename(temporary, to: directory, as: Self.fileName(digest)) } catch {
            throw .failed("write to ingest", error)
        }
        blobs[digest] = hash.byteCount
        return digest
    }

    func add(_ bytes: [UInt8]) throws(ImageError) -> Digest {
        var rest = bytes[...]
        return unsafe try add(expected: nil) { buffer throws(ImageError) in
            let part = rest.prefix(buffer.count)
            unsafe buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
    }

    /// Takes a blob that lies elsewhere on the same file system and is known to be whole.
    ///
    /// - Parameter link: Gives it a name in the staging directory.
    /// - Returns: false when it is not there any more.
    func adopt(
        _ digest: Digest, size: Int64, _ link: (borrowing Directory, RawPath) throws(Errno) -> Void
    ) throws(ImageError) -> Bool {
        if blobs[digest] != nil { return true }
        do { try link(directory, Self.fileName(digest)) } catch {
            if error == .noSuchFile { return false }
            throw .failed("link blob \(digest) into ingest", error)
        }
        blobs[digest] = size
        return true
    }

    func open(_ digest: Digest) throws(ImageError) -> OwnedFD {
        do { return try directory.open(Self.fileName(digest), flags: O_RDONLY) } catch {
            if error == .noSuchFile { throw .refused("blob \(digest) is missing") }
            throw .failed("open blob \(digest)", error)
        }
    }

    /// A manifest, index or config that was collected.
    func contents(of digest: Digest, limit: Int) throws(ImageError) -> [UInt8] {
        let file = try open(digest)
        do {
            if let bytes = try file.readAll(limit: limit) { return bytes }
        } catch { throw .failed("read blob \(digest)", error) }
        throw .refused("blob \(digest) is metadata of more than \(limit) bytes, the limit")
    }

    static func fileName(_ digest: Digest) -> RawPath { RawPath("sha256-\(digest.hex)") }

    private static func copy(_ read: ArchiveReader.Source, to file: borrowing OwnedFD, _ hash: inout SHA256Stream) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        while true {
            let count = unsafe try read(buffer)
            if count == 0 { return }
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
            unsafe hash.update(bytes)
            unsafe try file.write(bytes)
        }
    }
}

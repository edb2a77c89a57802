import Glibc
import LinuxSystem

/// An open directory. Everything in it is reached by a single name or by a path that openat2(2) keeps inside:
/// no other path ever stands for something below it.
struct Directory: ~Copyable, Sendable {
    let fd: OwnedFD

    init(_ fd: consuming OwnedFD) { self.fd = fd }

    /// Opens an absolute path.
    init(path: String) throws(Errno) { fd = try OwnedFD.directory(path) }

    /// Opens a directory below this one. Symlinks are followed as long as they stay below (`EXDEV` otherwise).
    func directory(beneath path: RawPath) throws(Errno) -> Directory {
        Directory(try fd.open(path.cString, flags: O_RDONLY | O_DIRECTORY, resolve: [.beneath, .noMagicLinks]))
    }

    /// Opens the directory with this name, never a symlink to one.
    func directory(named name: RawPath) throws(Errno) -> Directory {
        Directory(try open(name, flags: O_RDONLY | O_DIRECTORY))
    }

    /// Opens an entry of this directory itself, never what a symlink of that name points to (`ELOOP`).
    func open(_ name: RawPath, flags: CInt, mode: UInt32 = 0) throws(Errno) -> OwnedFD {
        try fd.open(name.cString, flags: flags | O_NOFOLLOW, mode: mode, resolve: [.beneath, .noSymlinks])
    }

    func duplicate() throws(Errno) -> Directory { Directory(try fd.duplicate()) }

    func makeDirectory(_ name: RawPath, mode: UInt32 = 0o755) throws(Errno) {
        try check(unsafe mkdirat(fd.rawValue, name.cString, mode))
    }

    /// Makes the directory unless one is there, and opens it.
    func makeOrOpenDirectory(_ name: RawPath, mode: UInt32 = 0o755) throws(Errno) -> Directory {
        do { try makeDirectory(name, mode: mode) } catch { if error != .exists { throw error } }
        return try directory(named: name)
    }

    func status(_ name: RawPath) throws(Errno) -> FileStatus {
        var status = stat()
        try check(unsafe fstatat(fd.rawValue, name.cString, &status, AT_SYMLINK_NOFOLLOW))
        return FileStatus(status)
    }

    /// The status of the entry, nil when there is none.
    func statusIfExists(_ name: RawPath) throws(Errno) -> FileStatus? {
        do { return try status(name) } catch {
            if error == .noSuchFile { return nil }
            throw error
        }
    }

    func unlink(_ name: RawPath) throws(Errno) { try check(unsafe unlinkat(fd.rawValue, name.cString, 0)) }

    func removeEmptyDirectory(_ name: RawPath) throws(Errno) {
        try check(unsafe unlinkat(fd.rawValue, name.cString, AT_REMOVEDIR))
    }

    func rename(_ name: RawPath, to other: borrowing Directory, as newName: RawPath) throws(Errno) {
        try check(unsafe renameat(fd.rawValue, name.cString, other.fd.rawValue, newName.cString))
    }

    /// A hard link in this directory to an entry of another; a symlink there is linked itself.
    func link(_ name: RawPath, to target: RawPath, in other: borrowing Directory) throws(Errno) {
        try check(unsafe linkat(other.fd.rawValue, target.cString, fd.rawValue, name.cString, 0))
    }

    func makeSymlink(_ name: RawPath, to target: RawPath) throws(Errno) {
        try check(unsafe symlinkat(target.cString, fd.rawValue, name.cString))
    }

    /// The text of a symlink; at most `PATH_MAX` bytes.
    func readSymlink(_ name: RawPath) throws(Errno) -> RawPath {
        let buffer = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
            let base = unsafe UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
            count = unsafe max(0, readlinkat(fd.rawValue, name.cString, base, buffer.count))
        }
        // A symlink is never empty, so 0 bytes mean failure, and nothing was called since.
        guard !buffer.isEmpty else { throw Errno.current }
        return RawPath(bytes: buffer)
    }

    func makeFIFO(_ name: RawPath) throws(Errno) { try check(unsafe mkfifoat(fd.rawValue, name.cString, 0o600)) }

    /// An overlayfs whiteout: a character device 0:0. Documentation/filesystems/overlayfs.rst.
    func makeWhiteout(_ name: RawPath) throws(Errno) {
        try check(unsafe mknodat(fd.rawValue, name.cString, S_IFCHR, 0))
    }

    func sync() throws(Errno) { try check(fsync(fd.rawValue)) }

    /// A path of this process alone for the directory, for the few calls that take no descriptor.
    var processPath: String { "/proc/self/fd/\(fd.rawValue)" }
}

/// Throws errno when a call returned a negative number.
@inline(__always) func check(_ result: CInt) throws(Errno) {
    if result < 0 { throw Errno.current }
}

/// What stat(2) tells of a file.
struct FileStatus: Hashable, Sendable {
    enum Kind: Sendable { case file, directory, symlink, character, block, fifo, socket }

    let kind: Kind
    /// The permission bits with setuid, setgid and sticky.
    let permissions: UInt32
    let userID: UInt32
    let groupID: UInt32
    let size: Int64
    let deviceNumber: UInt64
    let device: UInt64
    let inode: UInt64
    let linkCount: UInt64
    let modified: FileTime
    let changed: FileTime

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            case S_IFCHR: .character
            case S_IFBLK: .block
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            default: .file
            }
        permissions = status.st_mode & 0o7777
        (userID, groupID, size) = (status.st_uid, status.st_gid, Int64(status.st_size))
        (deviceNumber, device, inode) = (UInt64(status.st_rdev), UInt64(status.st_dev), UInt64(status.st_ino))
        linkCount = UInt64(status.st_nlink)
        modified = FileTime(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
        changed = FileTime(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int64(status.st_ctim.tv_nsec))
    }

    /// Whether this is an overlayfs whiteout.
    var isWhiteout: Bool { kind == .character && deviceNumber == 0 }
}

/// Seconds and nanoseconds since 1970.
struct FileTime: Hashable, Sendable {
    var seconds: Int64
    var nanoseconds: Int64

    var timespec: Glibc.timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
}

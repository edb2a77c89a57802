internal import Glibc
internal import LinuxSystem

/// Keeps network namespaces alive by bind mounts of their files in one directory.
struct NamespacePins: Sendable {
    let directory: String

    /// Makes the directory and turns it into a private mount, so that pins do not spread into other mount namespaces. Idempotent.
    ///
    /// Copies in mount namespaces that were made while a pin stood do not keep it alive: removing the file detaches them (unlink(2) of
    /// a file that is a mount point in another mount namespace, since Linux 3.18).
    func prepare() throws(SystemError) {
        try Files.makeDirectories(directory)
        // EINVAL: not a mount yet.
        if unsafe mount(nil, directory, nil, UInt(MS_PRIVATE), nil) == 0 { return }
        guard Errno.current == .invalidArgument else { throw SystemError("make mount \(directory) private", .current) }
        guard unsafe mount(directory, directory, nil, UInt(MS_BIND), nil) == 0 else {
            throw SystemError("bind mount \(directory) onto itself", .current)
        }
        guard unsafe mount(nil, directory, nil, UInt(MS_PRIVATE), nil) == 0 else {
            throw SystemError("make mount \(directory) private", .current)
        }
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Pins a namespace. - Throws: EEXIST when the name is taken.
    func pin(_ namespace: borrowing OwnedFD, as name: String) throws(SystemError) {
        let path = path(name)
        let file = unsafe open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard file >= 0 else { throw SystemError("create \(path)", .current) }
        _ = close(file)
        guard unsafe mount("/proc/thread-self/fd/\(namespace.rawValue)", path, nil, UInt(MS_BIND), nil) == 0 else {
            let errno = Errno.current
            _ = unsafe unlink(path)
            throw SystemError("bind mount network namespace to \(path)", errno)
        }
    }

    /// Removes a pin: the namespace goes when nothing else holds it. - Returns: False when there was none.
    @discardableResult
    func unpin(_ name: String) throws(SystemError) -> Bool {
        let path = path(name)
        if unsafe umount2(path, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW)) != 0 {
            switch Errno.current {
            case .noSuchFile: return false
            case .invalidArgument: break  // a file that was never mounted on: a crash between the two steps
            case let errno: throw SystemError("unmount \(path)", errno)
            }
        }
        guard unsafe unlink(path) == 0 || Errno.current == .noSuchFile else { throw SystemError("remove \(path)", .current) }
        return true
    }

    func names() throws(SystemError) -> [String] { try Files.namesIfAny(in: directory) }

    /// Undoes ``prepare()``. - Returns: False when there was nothing to undo.
    func remove() throws(SystemError) -> Bool {
        let unmounted = unsafe umount2(directory, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW)) == 0
        if !unmounted, Errno.current != .invalidArgument, Errno.current != .noSuchFile {
            throw SystemError("unmount \(directory)", .current)
        }
        guard unsafe rmdir(directory) == 0 || Errno.current == .noSuchFile else { throw SystemError("remove \(directory)", .current) }
        return unmounted
    }
}

internal import CLinux
import Glibc

/// Namespaces by descriptor, namespaces(7).
extension OwnedFD {
    /// A namespace of a process; of the calling thread without `pid`.
    ///
    /// - Parameter kind: Exactly one flag.
    package static func namespace(_ kind: CloneFlags, of pid: Int32? = nil) throws(SystemError) -> OwnedFD {
        guard let name = kind.fileName else { throw SystemError("open namespace of \(kind)", .invalidArgument) }
        let path = "/proc/\(pid.map(String.init) ?? "thread-self")/ns/\(name)"
        let fd = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError("open \(path)", .current) }
        return OwnedFD(adopting: fd)
    }
}

/// Which namespace it is: equal for two processes in the same one.
package struct NamespaceID: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64

    package init(_ descriptor: borrowing OwnedFD) throws(Errno) {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno.current }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// A namespace of a process, without holding it open.
    package static func of(pid: Int32, _ kind: CloneFlags) throws(SystemError) -> NamespaceID {
        let descriptor = try OwnedFD.namespace(kind, of: pid)
        do throws(Errno) { return try NamespaceID(descriptor) } catch { throw SystemError("stat the \(kind) namespace of \(pid)", error) }
    }
}

/// Namespaces of the calling thread. Only for a thread that nobody else's work runs on.
package enum ThreadNamespaces {
    package static func unshare(_ namespaces: CloneFlags) throws(SystemError) {
        guard clinux_unshare(CInt(truncatingIfNeeded: namespaces.rawValue)) == 0 else {
            throw SystemError("leave namespaces (\(namespaces))", .current)
        }
    }

    package static func join(_ descriptor: borrowing OwnedFD, _ namespaces: CloneFlags) throws(SystemError) {
        guard clinux_setns(descriptor.rawValue, CInt(truncatingIfNeeded: namespaces.rawValue)) == 0 else {
            throw SystemError("join namespaces (\(namespaces))", .current)
        }
    }
}

extension CloneFlags {
    fileprivate var fileName: String? {
        switch self {
        case .mount: "mnt"
        case .pid: "pid"
        case .network: "net"
        case .ipc: "ipc"
        case .uts: "uts"
        case .cgroup: "cgroup"
        case .user: "user"
        case .time: "time"
        default: nil
        }
    }
}

internal import CLinux
import Glibc

/// How openat2(2) resolves a path: RESOLVE_*.
package struct PathResolution: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The path may not leave the directory: `..` above it, or a symlink that is absolute or leads out, is `EXDEV`.
    package static let beneath = PathResolution(rawValue: UInt64(RESOLVE_BENEATH))
    /// The directory is `/` for this path: `..` stops there, and absolute symlinks start there.
    package static let inRoot = PathResolution(rawValue: UInt64(RESOLVE_IN_ROOT))
    /// Any symlink in the path is `ELOOP`.
    package static let noSymlinks = PathResolution(rawValue: UInt64(RESOLVE_NO_SYMLINKS))
    /// Any link of the kind of /proc/PID/fd is `ELOOP`.
    package static let noMagicLinks = PathResolution(rawValue: UInt64(RESOLVE_NO_MAGICLINKS))
}

extension OwnedFD {
    /// Opens `path` relative to this directory with openat2(2), close-on-exec.
    ///
    /// - Parameters:
    ///   - flags: `O_*`; `O_CLOEXEC` is added.
    ///   - mode: The new file's mode; must be 0 without `O_CREAT`.
    package func open(
        _ path: String, flags: CInt, mode: UInt32 = 0, resolve: PathResolution
    ) throws(Errno) -> OwnedFD {
        try open(path.utf8CString.map { $0 }, flags: flags, mode: mode, resolve: resolve)
    }

    /// The same for a path that need not be UTF-8: its bytes and a NUL at the end.
    package func open(
        _ path: [CChar], flags: CInt, mode: UInt32 = 0, resolve: PathResolution
    ) throws(Errno) -> OwnedFD {
        precondition(path.last == 0, "a C string ends with NUL")
        // EAGAIN: something was renamed while `..` was resolved. Bounded, because another process decides how often.
        for _ in 0..<128 {
            let fd = unsafe clinux_openat2(rawValue, path, UInt64(flags | O_CLOEXEC), UInt64(mode), resolve.rawValue)
            if fd >= 0 { return OwnedFD(adopting: fd) }
            let error = Errno.current
            guard error == .interrupted || error == .wouldBlock else { throw error }
        }
        throw .wouldBlock
    }

    /// `O_PATH`: the descriptor stands for the file without opening it. open(2).
    package static var pathOnly: CInt { clinux_o_path() }

    /// Opens an absolute directory path, the start of every relative one.
    package static func directory(_ path: String) throws(Errno) -> OwnedFD {
        let fd = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw Errno.current }
        return OwnedFD(adopting: fd)
    }
}

import Glibc
import LinuxSystem

/// An advisory lock on a file, flock(2), held until the value ends. It excludes other processes and, because every lock
/// opens the file anew, other threads of this one.
struct FileLock: ~Copyable {
    enum Mode { case shared, exclusive }

    private let fd: OwnedFD

    /// Waits for the lock.
    init(_ name: RawPath, in directory: borrowing Directory, mode: Mode) throws(Errno) {
        let file = try directory.open(name, flags: O_RDWR | O_CREAT, mode: 0o600)
        while flock(file.rawValue, mode == .shared ? LOCK_SH : LOCK_EX) != 0 {
            let error = Errno.current
            if error != .interrupted { throw error }
        }
        self.init(adopting: file)
    }

    /// Takes the lock if nobody holds it.
    ///
    /// - Returns: nil when somebody does.
    static func ifFree(_ name: RawPath, in directory: borrowing Directory) throws(Errno) -> FileLock? {
        let fd = try directory.open(name, flags: O_RDWR | O_CREAT, mode: 0o600)
        if flock(fd.rawValue, LOCK_EX | LOCK_NB) == 0 { return FileLock(adopting: fd) }
        let error = Errno.current
        if error == .wouldBlock { return nil }
        throw error
    }

    /// Gives the lock back; the place of this call shows how far it reaches.
    consuming func unlock() {}

    private init(adopting fd: consuming OwnedFD) { self.fd = fd }
}

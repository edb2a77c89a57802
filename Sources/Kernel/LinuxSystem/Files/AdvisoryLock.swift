import Glibc

/// flock(2) on a file, held as long as this value lives. The kernel frees it when the process ends, however it ends.
package struct AdvisoryLock: ~Copyable, Sendable {
    private let file: OwnedFD

    /// Takes the lock; the file is made when absent.
    ///
    /// - Returns: `nil` when somebody else has it.
    package static func ifFree(_ path: String) throws(SystemError) -> AdvisoryLock? {
        let fd = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { throw SystemError("open lock \(path)", .current) }
        let file = OwnedFD(adopting: fd)
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            if Errno.current == .wouldBlock { return nil }
            throw SystemError("lock \(path)", .current)
        }
        return AdvisoryLock(file: file)
    }
}

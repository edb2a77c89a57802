internal import Glibc
internal import LinuxSystem

/// Who works on an instance's directories: everybody who starts or ends pods holds the lock, shared, as long as he lives.
///
/// Only who is alone may clear away what a crash has left, since what looks half-made may be another's work in progress. The lock
/// goes with the process, however it ends (flock(2)).
struct InstanceLock: ~Copyable {
    private let file: OwnedFD
    /// Whether nobody else holds it now.
    let isAlone: Bool

    private init(file: consuming OwnedFD, isAlone: Bool) {
        self.file = file
        self.isAlone = isAlone
    }

    static func take(runDirectory: String) throws(SystemError) -> InstanceLock {
        let path = "\(runDirectory)/lock"
        let number = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw SystemError("open \(path)", .current) }
        let file = OwnedFD(adopting: number)
        if flock(number, LOCK_EX | LOCK_NB) == 0 { return InstanceLock(file: file, isAlone: true) }
        guard flock(number, LOCK_SH) == 0 else { throw SystemError("lock \(path)", .current) }
        return InstanceLock(file: file, isAlone: false)
    }

    /// Lets others in, once the clearing is done.
    func share() { _ = flock(file.rawValue, LOCK_SH) }
}

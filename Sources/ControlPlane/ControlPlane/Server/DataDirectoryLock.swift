internal import Glibc
import Synchronization

/// Keeps a second control plane out of a data directory, whatever its store: both would write the same certificates and kubeconfig.
///
/// The kernel gives it up when the process ends, however it ends (flock(2)).
final class DataDirectoryLock: Sendable {
    private let descriptor: Mutex<CInt?>

    /// - Throws: `ControlPlaneError` of the kind `inUse`, which names who has it.
    init(_ directory: String) throws(ControlPlaneError) {
        let path = "\(directory)/server.lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("open \(path)", errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            let owner = Self.owner(descriptor)
            close(descriptor)
            guard error == EWOULDBLOCK else { throw .system("lock \(path)", error) }
            throw ControlPlaneError("the data directory \(directory) is in use by \(owner)", kind: .inUse)
        }
        Self.write(descriptor, "\(getpid())\n")
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        let descriptor = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let descriptor { close(descriptor) }
    }

    /// Only for people; a failure to write it is no reason not to start.
    private static func write(_ descriptor: CInt, _ text: String) {
        _ = ftruncate(descriptor, 0)
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func owner(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        let number = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)
        return Int(number).map { "process \($0)" } ?? "another process"
    }
}

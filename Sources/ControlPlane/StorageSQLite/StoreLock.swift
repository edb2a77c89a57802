internal import Glibc
internal import Storage
internal import Synchronization

/// Keeps other processes out of a store, flock(2). The kernel gives it up when the process ends, however it ends.
final class StoreLock: Sendable {
    private let descriptor: Mutex<CInt?>

    /// - Throws: `inUse` when another process, or another store of this one, has it.
    init(_ file: StoreFile) throws(StorageError) {
        let descriptor = unsafe open(file.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open \(file.lockPath)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            let owner = Self.owner(descriptor)
            _ = Glibc.close(descriptor)
            guard error == EWOULDBLOCK else { throw .system("flock \(file.lockPath)", error) }
            throw .inUse("\(file.path) is open in \(owner)")
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
        if let descriptor { _ = Glibc.close(descriptor) }
    }

    /// Only for people; a failure to write it is no reason not to open the store.
    private static func write(_ descriptor: CInt, _ text: String) {
        _ = ftruncate(descriptor, 0)
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func owner(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0, let number = Int(String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self)) else {
            return "another process"
        }
        return number == Int(getpid()) ? "this process already" : "process \(number)"
    }
}

extension StorageError {
    /// A failed system call: `open /var/lib/x/store.lock: Permission denied`.
    static func system(_ operation: String, _ number: CInt = errno) -> StorageError {
        let text = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
        return number == ENOSPC || number == EDQUOT ? .full("\(operation): \(text)") : .failed("\(operation): \(text)")
    }
}

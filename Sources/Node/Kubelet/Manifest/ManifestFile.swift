internal import APIMachinery
private import Glibc

/// Reads a manifest's bytes. Its own small reader, since the kubelet's row imports nothing of the kernel's.
enum ManifestFile {
    /// As much as an API request may hold.
    static let maxBytes = 3 << 20

    /// - Parameter path: `-` is standard input.
    static func read(_ path: String) throws(ManifestError) -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "open") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "fstat") }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw ManifestError([.init(file: path, message: "is a directory: name a file in it")])
        }
        return try contents(of: descriptor, path)
    }

    private static func contents(of descriptor: CInt, _ path: String) throws(ManifestError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "read") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > maxBytes {
                throw ManifestError([.init(file: path, message: "larger than \(maxBytes) bytes: split it into several files")])
            }
        }
    }

    /// Read it in the statement after the call that failed.
    private static func failure(_ path: String, _ call: String) -> ManifestError {
        let error = errno
        // Thread-safe since glibc 2.32: strerror(3).
        let text = unsafe strerror(error).map { unsafe String(cString: $0) } ?? "errno \(error)"
        return ManifestError([.init(file: path, message: "\(call): \(text)")])
    }
}

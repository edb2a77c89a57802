internal import Glibc

/// Files that only their owner may read, replaced whole or not at all.
enum SecretFile {
    struct Failure: Error, CustomStringConvertible {
        let step: String
        let code: CInt
        var description: String { "\(step): \(unsafe String(cString: strerror(code)))" }
    }

    /// - Returns: nil when there is no such file.
    static func read(_ path: String) throws(Failure) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(step: "open \(path)", code: errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(step: "read \(path)", code: errno) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer.prefix(count)
        }
    }

    /// Writes beside the file, renames, and has all of it on the disk when it returns: mode 0600. A failure leaves nothing behind.
    static func write(_ text: String, to path: String) throws(Failure) {
        let temporary = "\(path).\(getpid()).tmp"
        _ = unsafe unlink(temporary)
        do throws(Failure) {
            try writeThrough(text, to: temporary)
            guard unsafe rename(temporary, path) == 0 else { throw Failure(step: "rename \(temporary) to \(path)", code: errno) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        try syncDirectory(of: path)
    }

    private static func writeThrough(_ text: String, to temporary: String) throws(Failure) {
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(step: "create \(temporary)", code: errno) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(step: "write \(temporary)", code: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw Failure(step: "fsync \(temporary)", code: errno) }
    }

    /// A file's name is on the disk once its folder is (fsync(2)).
    private static func syncDirectory(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(step: "open \(folder)", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure(step: "fsync \(folder)", code: errno) }
    }

    /// Makes a folder for its owner alone, and those above it.
    static func makeDirectory(_ path: String) throws(Failure) {
        if unsafe mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw Failure(step: "mkdir \(path)", code: errno)
        }
        try makeDirectory(String(path[..<slash]))
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure(step: "mkdir \(path)", code: errno) }
    }

    /// Keeps a file that cannot be used under another name, for whoever wants to know.
    static func setAside(_ path: String) { _ = unsafe rename(path, "\(path).damaged") }
}

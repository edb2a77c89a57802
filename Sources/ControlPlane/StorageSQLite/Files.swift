internal import Glibc
internal import Storage

/// The few things a store does with files beside its database.
enum Files {
    /// Makes a folder for its owner alone, and those above it that are missing.
    static func makeDirectory(_ path: String) throws(StorageError) {
        if unsafe mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw .system("mkdir \(path)") }
        try makeDirectory(String(path[..<slash]))
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("mkdir \(path)") }
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func sizeBytes(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Makes an empty file, mode 0600, that must not be there yet.
    static func create(_ path: String) throws(StorageError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("create \(path)") }
        _ = Glibc.close(descriptor)
    }

    /// Writes a file, or a folder's list of names, through to the disk.
    static func sync(_ path: String) throws(StorageError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("fsync \(path)") }
    }

    /// Renames and writes the new name through to the disk. Both names are in one folder.
    static func rename(_ path: String, to other: String) throws(StorageError) {
        guard unsafe Glibc.rename(path, other) == 0 else { throw .system("rename \(path) to \(other)") }
        try sync(directory(of: other))
    }

    static func remove(_ path: String) { unsafe unlink(path) }

    /// Copies into a new file, mode 0600, through to the disk.
    static func copy(_ path: String, to other: String) throws(StorageError) {
        let from = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else { throw .system("open \(path)") }
        defer { _ = Glibc.close(from) }
        let to = unsafe open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard to >= 0 else { throw .system("create \(other)") }
        defer { _ = Glibc.close(to) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(from, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw .system("read \(path)") }
            guard count > 0 else { break }
            try write(buffer[..<count], to, other)
        }
        guard fsync(to) == 0 else { throw .system("fsync \(other)") }
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }

    private static func write(_ bytes: ArraySlice<UInt8>, _ descriptor: CInt, _ path: String) throws(StorageError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw .system("write \(path)") }
            rest = rest.dropFirst(count)
        }
    }
}

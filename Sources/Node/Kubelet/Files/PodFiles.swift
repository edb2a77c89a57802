internal import Glibc

/// Small files and directories of pods. All calls block for a moment.
enum PodFiles {
    /// Makes the directory and those above it; no error when it is there. The mode is set regardless of the umask.
    static func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        if unsafe mkdir(path, mode) == 0 {
            guard unsafe chmod(path, mode) == 0 else { throw .last("chmod \(path)") }
            return
        }
        switch errno {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw .last("mkdir \(path)") }
            try makeDirectory(String(path[..<slash]), mode: 0o755)
            guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else { throw .last("mkdir \(path)") }
            guard unsafe chmod(path, mode) == 0 else { throw .last("chmod \(path)") }
        default: throw .last("mkdir \(path)")
        }
    }

    /// Replaces the file as a whole: whoever reads sees the old text or the new one.
    static func replace(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(FileError) {
        let temporary = path + ".tmp"
        try write(temporary, bytes, mode: mode, flags: O_CREAT | O_TRUNC)
        guard unsafe rename(temporary, path) == 0 else { throw .last("rename \(temporary) to \(path)") }
    }

    /// Writes into the file as it stands, so that those who have it mounted see the change.
    /// In place, and never shorter than both: a reader of a file that containers have mounted must not find it empty for a moment. What is
    /// right already is left alone.
    static func overwrite(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(FileError) {
        if try read(path, maxBytes: bytes.count + 1) == bytes { return try changeMode(path, mode) }
        try write(path, bytes, mode: mode, flags: O_CREAT)
        guard unsafe truncate(path, bytes.count) == 0 else { throw .last("truncate \(path)") }
    }

    /// Makes an empty file; no error when there is one.
    static func touch(_ path: String, mode: UInt32) throws(FileError) { try write(path, [], mode: mode, flags: O_CREAT) }

    private static func write(_ path: String, _ bytes: [UInt8], mode: UInt32, flags: Int32) throws(FileError) {
        let fd = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, mode)
        guard fd >= 0 else { throw .last("open \(path)") }
        defer { close(fd) }
        guard fchmod(fd, mode) == 0 else { throw .last("chmod \(path)") }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { unsafe Glibc.write(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last("write \(path)") }
            written += count
        }
    }

    /// - Parameter fromEnd: Read the last bytes instead of the first.
    /// - Returns: nil when there is no such file. Links are not followed.
    static func read(_ path: String, maxBytes: Int, fromEnd: Bool = false) throws(FileError) -> [UInt8]? {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard fd >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .last("open \(path)")
        }
        defer { close(fd) }
        if fromEnd, lseek(fd, -off_t(maxBytes), SEEK_END) < 0 { lseek(fd, 0, SEEK_SET) }
        var bytes = [UInt8](repeating: 0, count: maxBytes)
        var length = 0
        while length < maxBytes {
            let count = unsafe bytes[length...].withUnsafeMutableBytes { unsafe Glibc.read(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last("read \(path)") }
            if count == 0 { break }
            length += count
        }
        bytes.removeLast(maxBytes - length)
        return bytes
    }

    /// Names in a directory, without `.` and `..`, sorted; empty when there is none.
    static func list(_ path: String) throws(FileError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            if errno == ENOENT { return [] }
            throw .last("open \(path)")
        }
        defer { unsafe closedir(directory) }
        return unsafe DirectoryNames.read(directory).sorted()
    }

    static func kind(_ path: String) -> FileKind? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? FileKind(mode: status.st_mode) : nil
    }

    static func group(_ path: String) -> UInt32? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_gid : nil
    }

    static func changeOwner(_ path: String, uid: UInt32, gid: UInt32) throws(FileError) {
        guard unsafe lchown(path, uid, gid) == 0 else { throw .last("chown \(path) to \(uid):\(gid)") }
    }

    static func changeMode(_ path: String, _ mode: UInt32) throws(FileError) {
        guard unsafe chmod(path, mode) == 0 else { throw .last("chmod \(path)") }
    }

    static func link(_ path: String, to target: String) throws(FileError) {
        guard unsafe symlink(target, path) == 0 else { throw .last("symlink \(path)") }
    }

    static func move(_ path: String, to target: String) throws(FileError) {
        guard unsafe rename(path, target) == 0 else { throw .last("rename \(path) to \(target)") }
    }

    static func remove(_ path: String) throws(FileError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .last("unlink \(path)") }
    }

    static func target(ofLink path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe $0.baseAddress.map { unsafe readlink(path, $0, Int(PATH_MAX)) } ?? -1 }
        }
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
}

enum FileKind {
    case directory, file, socket, characterDevice, blockDevice, other

    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFDIR: self = .directory
        case S_IFREG: self = .file
        case S_IFSOCK: self = .socket
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        default: self = .other
        }
    }
}

enum DirectoryNames {
    /// All names of an open directory but `.` and `..`.
    static func read(_ directory: OpaquePointer) -> [String] {
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

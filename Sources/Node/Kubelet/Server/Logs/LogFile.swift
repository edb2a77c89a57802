internal import Glibc

/// One open file of a container's log.
final class LogFile: Sendable {
    let descriptor: CInt
    let inode: UInt64
    let path: String

    /// - Returns: nil when it cannot be opened: there is no such file any more.
    init?(_ path: String) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        var status = stat()
        guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        inode = UInt64(status.st_ino)
        self.path = path
    }

    deinit { close(descriptor) }

    var sizeBytes: Int {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// - Returns: Empty at the end.
    func read(at offset: Int, upTo count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = -1
            repeat { got = unsafe pread(descriptor, buffer.baseAddress, count, off_t(offset)) } while got < 0 && errno == EINTR
            filled = max(0, got)
        }
    }

    static func inode(of path: String) -> UInt64? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }
}

/// All files of one container instance's log, oldest first: `0.log.20260102-030405`, `0.log.20260102-030405.001`, …, `0.log`.
struct LogFiles: Sendable {
    /// The one that is being written.
    let current: String

    var paths: [String] {
        guard let slash = current.lastIndex(of: "/") else { return [current] }
        let directory = current[..<slash]
        let name = current[current.index(after: slash)...]
        let names = (try? PodFiles.list(String(directory))) ?? []
        return Self.ordered(names, current: String(name)).map { "\(directory)/\($0)" }
    }

    /// The names of this log among those in its directory.
    static func ordered(_ names: [String], current: String) -> [String] {
        let rotated = names.filter { $0.hasPrefix(current + ".") && !$0.hasSuffix(".tmp") && !$0.hasSuffix(".gz") }.sorted()
        return rotated + (names.contains(current) ? [current] : [])
    }

    /// What comes after a file that has been read to its end.
    ///
    /// - Returns: Empty when it is still the one that is written, or there is none after it.
    func following(_ file: LogFile) -> [LogFile] {
        if LogFile.inode(of: current) == file.inode { return [] }
        let all = paths.compactMap { LogFile($0) }
        // The file may have been removed since: the oldest go first, so all that are left are younger.
        guard let own = all.firstIndex(where: { $0.inode == file.inode }) else { return all }
        return Array(all[(own + 1)...])
    }
}

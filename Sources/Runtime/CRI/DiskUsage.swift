import Glibc

extension FilesystemUsage {
    /// What a directory's tree takes on its own file system, as du(1) counts it: blocks, each file once. Blocks the calling thread.
    ///
    /// - Parameter now: Nanoseconds since the epoch.
    /// - Returns: nil when there is no such directory. What goes away meanwhile, or cannot be read, is left out.
    package static func measured(_ path: String, now: Int64) -> FilesystemUsage? {
        let root = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { return nil }
        var status = stat()
        guard unsafe fstat(root, &status) == 0 else {
            close(root)
            return nil
        }
        var count = TreeCount(device: status.st_dev)
        count.add(status)
        count.addEntries(of: root)
        return FilesystemUsage(timestamp: now, mountpoint: path, usedBytes: count.bytes, inodesUsed: count.inodes)
    }
}

private struct TreeCount {
    /// Other file systems are not looked into.
    let device: dev_t
    private(set) var bytes: UInt64 = 0
    private(set) var inodes: UInt64 = 0
    /// Files with more than one name that were counted.
    private var counted: Set<ino_t> = []

    init(device: dev_t) { self.device = device }

    mutating func add(_ status: stat) {
        if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR, !counted.insert(status.st_ino).inserted { return }
        bytes += UInt64(status.st_blocks) * 512
        inodes += 1
    }

    /// - Parameter directory: Is closed.
    mutating func addEntries(of directory: CInt) {
        guard let stream = unsafe fdopendir(directory) else {
            close(directory)
            return
        }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            var status = stat()
            guard name != ".", name != "..", unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            if isDirectory, status.st_dev != device { continue }
            add(status)
            guard isDirectory else { continue }
            let child = unsafe openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if child >= 0 { addEntries(of: child) }
        }
    }
}

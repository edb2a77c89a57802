internal import Glibc

/// Gives all that is in a volume to the pod's group (`fsGroup`): group's rights as the owner's, and new files inherit the group.
///
/// Never follows a link, so it stays in the volume whatever a container does in it meanwhile.
struct GroupOwnership {
    enum Policy: String { case always = "Always", onRootMismatch = "OnRootMismatch" }
    let group: UInt32
    let policy: Policy
    private static let directoryBits: mode_t = 0o2770
    private static let fileBits: mode_t = 0o660

    init(group: UInt32, policy: String?) {
        self.group = group
        self.policy = policy.flatMap { Policy(rawValue: $0) } ?? .always
    }

    /// Blocks.
    func apply(to path: String) throws(FileError) {
        let root = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw .last("open \(path)") }
        defer { close(root) }
        var status = stat()
        guard unsafe fstat(root, &status) == 0 else { throw .last("stat \(path)") }
        if policy == .onRootMismatch, status.st_gid == group, status.st_mode & Self.directoryBits == Self.directoryBits { return }
        try change(root, path, depth: 0)
    }

    /// The directory last, so that an interrupted change is begun again.
    private func change(_ directory: Int32, _ path: String, depth: Int) throws(FileError) {
        guard depth < 512 else { throw FileError("descend into \(path)", errno: ELOOP) }
        for name in try names(directory, path) {
            let below = "\(path)/\(name)"
            var status = stat()
            guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                if errno == ENOENT { continue }
                throw .last("stat \(below)")
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                let child = unsafe openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard child >= 0 else { throw .last("open \(below)") }
                defer { close(child) }
                try change(child, below, depth: depth + 1)
            case S_IFREG: try changeFile(name, in: directory, below)
            default:
                guard unsafe fchownat(directory, name, uid_t.max, group, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last("chown \(below)") }
            }
        }
        try change(directory, path, Self.directoryBits)
    }

    private func changeFile(_ name: String, in directory: Int32, _ path: String) throws(FileError) {
        let file = unsafe openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw .last("open \(path)") }
        defer { close(file) }
        try change(file, path, Self.fileBits)
    }

    private func change(_ file: Int32, _ path: String, _ bits: mode_t) throws(FileError) {
        // The owner stays. A change of the group takes the set-group bit away, so the mode comes afterwards.
        guard fchown(file, uid_t.max, group) == 0 else { throw .last("chown \(path) to group \(group)") }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw .last("stat \(path)") }
        guard fchmod(file, (status.st_mode & 0o7777) | bits) == 0 else { throw .last("chmod \(path)") }
    }

    private func names(_ directory: Int32, _ path: String) throws(FileError) -> [String] {
        let copy = unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw .last("open \(path)") }
        guard let stream = unsafe fdopendir(copy) else {
            close(copy)
            throw .last("open \(path)")
        }
        defer { unsafe closedir(stream) }
        return unsafe DirectoryNames.read(stream)
    }
}

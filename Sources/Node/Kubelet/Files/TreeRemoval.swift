internal import Glibc

/// Removes a directory with all that is in it, whoever made that.
///
/// Links are removed, never followed; what is mounted somewhere inside is left alone and reported. However deep the tree is, two
/// descriptors are enough: directories found below the first level are moved up to it.
package struct TreeRemoval: ~Copyable {
    private let root: Int32
    private let device: dev_t
    private let path: String
    private var moved = 0

    /// No error when there is nothing at `path`.
    package static func remove(_ path: String) throws(FileError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .last("stat \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try PodFiles.remove(path) }
        let root = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw .last("open \(path)") }
        var removal = TreeRemoval(root: root, device: status.st_dev, path: path)
        try removal.emptyRoot()
        guard unsafe rmdir(path) == 0 else { throw .last("rmdir \(path)") }
    }

    private init(root: Int32, device: dev_t, path: String) {
        self.root = root
        self.device = device
        self.path = path
    }

    deinit { close(root) }

    private mutating func emptyRoot() throws(FileError) {
        while true {
            let names = try Self.names(root, path)
            if names.isEmpty { return }
            for name in names { try remove(name) }
        }
    }

    /// Removes one entry of the root; its directories move up to the root and are seen in the next round.
    private mutating func remove(_ name: String) throws(FileError) {
        let directory = unsafe openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else {
            guard errno == ENOTDIR || errno == ELOOP else { throw .last("open \(path)/\(name)") }
            guard unsafe unlinkat(root, name, 0) == 0 else { throw .last("unlink \(path)/\(name)") }
            return
        }
        defer { close(directory) }
        var status = stat()
        guard unsafe fstat(directory, &status) == 0 else { throw .last("stat \(path)/\(name)") }
        guard status.st_dev == device else { throw FileError("remove \(path)/\(name): something is mounted there", errno: EBUSY) }
        for child in try Self.names(directory, "\(path)/\(name)") {
            if unsafe unlinkat(directory, child, 0) == 0 { continue }
            guard errno == EISDIR || errno == EPERM else { throw .last("unlink \(path)/\(name)/\(child)") }
            if unsafe unlinkat(directory, child, AT_REMOVEDIR) == 0 { continue }
            try moveUp(child, from: directory, "\(path)/\(name)/\(child)")
        }
        guard unsafe unlinkat(root, name, AT_REMOVEDIR) == 0 else { throw .last("rmdir \(path)/\(name)") }
    }

    private mutating func moveUp(_ name: String, from directory: Int32, _ description: String) throws(FileError) {
        while true {
            moved += 1
            let target = ".removed-\(moved)"
            var status = stat()
            if unsafe fstatat(root, target, &status, AT_SYMLINK_NOFOLLOW) == 0 { continue }
            guard unsafe renameat(directory, name, root, target) == 0 else { throw .last("move \(description)") }
            return
        }
    }

    /// - Parameter directory: Stays open and belongs to the caller.
    private static func names(_ directory: Int32, _ path: String) throws(FileError) -> [String] {
        // A description of its own, so that each look starts at the beginning.
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

internal import Glibc

/// Removes a directory with all that is in it, whoever made that.
///
/// Links are removed, never followed; what is mounted somewhere inside is left alone and reported. However deep the tree is, a few
/// descriptors are enough: directories found too far down are moved up to the top.
package struct TreeRemoval: ~Copyable {
    private static let maxDepth = 32
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
        while try !Self.names(root, path).isEmpty { try empty(root, path, depth: 0) }
    }

    /// Removes what is in a directory; directories from the greatest depth appear in the root instead.
    private mutating func empty(_ directory: Int32, _ path: String, depth: Int) throws(FileError) {
        for name in try Self.names(directory, path) {
            if unsafe unlinkat(directory, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw .last("unlink \(path)/\(name)") }
            if unsafe unlinkat(directory, name, AT_REMOVEDIR) == 0 { continue }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw .last("rmdir \(path)/\(name)") }
            if depth == Self.maxDepth {
                try moveUp(name, from: directory, "\(path)/\(name)")
            } else {
                try remove(directory: name, in: directory, "\(path)/\(name)", depth: depth)
            }
        }
    }

    private mutating func remove(directory name: String, in parent: Int32, _ path: String, depth: Int) throws(FileError) {
        let directory = unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw .last("open \(path)") }
        defer { close(directory) }
        var status = stat()
        guard unsafe fstat(directory, &status) == 0 else { throw .last("stat \(path)") }
        guard status.st_dev == device else { throw FileError("remove \(path): something is mounted there", errno: EBUSY) }
        try empty(directory, path, depth: depth + 1)
        guard unsafe unlinkat(parent, name, AT_REMOVEDIR) == 0 else { throw .last("rmdir \(path)") }
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

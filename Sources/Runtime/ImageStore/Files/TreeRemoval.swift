import Glibc
import LinuxSystem

/// Removes directories of somebody's data.
package enum TreeRemoval {
    /// Removes `DIRECTORY/NAME` and everything below it; links are not followed. It is no error when there is none.
    package static func remove(_ name: String, from directory: String) throws {
        do throws(Errno) { try Directory(path: directory).removeTree(RawPath(name)) } catch {
            if error != .noSuchFile { throw error }
        }
    }
}

extension Directory {
    /// Removes an entry and everything below it; it is no error when there is none.
    ///
    /// Neither depth nor width costs memory, stack or descriptors: a directory inside the tree is moved up beside the
    /// top one and emptied there. Symlinks are removed, never followed. Immutable and append-only flags are cleared.
    ///
    /// - Throws: `EBUSY` when something is mounted on a directory inside.
    func removeTree(_ name: RawPath) throws(Errno) {
        var counter = 0
        guard try !removeUnlessFull(name) else { return }
        var pending = [name]
        while let next = pending.popLast() {
            // What a directory holds beyond files is moved here under a new name and queued.
            try emptyDirectory(next) { (inner: borrowing Directory, child) throws(Errno) in
                counter += 1
                let moved: RawPath = ".removed-\(name)-\(counter)"
                try Self.withoutImmutable(of: child, in: inner, parent: inner) { () throws(Errno) in
                    try inner.rename(child, to: self, as: moved)
                }
                pending.append(moved)
            }
            _ = try removeUnlessFull(next)
        }
    }

    /// Removes a file or an empty directory.
    ///
    /// - Returns: false when it is a directory that is not empty.
    private func removeUnlessFull(_ name: RawPath) throws(Errno) -> Bool {
        guard let status = try statusIfExists(name) else { return true }
        do {
            try Self.withoutImmutable(of: name, in: self, parent: self) { () throws(Errno) in
                if status.kind == .directory { try removeEmptyDirectory(name) } else { try unlink(name) }
            }
            return true
        } catch {
            if error == .noSuchFile { return true }
            if error == .notEmpty || error == .exists { return false }
            throw error
        }
    }

    private func emptyDirectory(
        _ name: RawPath, moveUp: (borrowing Directory, RawPath) throws(Errno) -> Void
    ) throws(Errno) {
        let inner: Directory
        do { inner = try directory(named: name) } catch {
            if error == .noSuchFile { return }  // somebody else removes the same tree
            throw error
        }
        for child in try inner.names() where try !inner.removeUnlessFull(child) {
            try moveUp(inner, child)
        }
    }

    /// Repeats `action` after clearing the flags that forbid it to root: on the entry, and on the directory that holds it.
    private static func withoutImmutable(
        of name: RawPath, in directory: borrowing Directory, parent: borrowing Directory,
        _ action: () throws(Errno) -> Void
    ) throws(Errno) {
        do { return try action() } catch { if error != .notPermitted { throw error } }
        _ = try? parent.fd.clearImmutable()
        // Only files and directories have flags; opening a FIFO or a device would act on it.
        if let kind = try? directory.status(name).kind, kind == .file || kind == .directory {
            _ = try? directory.open(name, flags: O_RDONLY | O_NONBLOCK).clearImmutable()
        }
        try action()
    }
}

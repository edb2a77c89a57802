import Glibc
import LinuxSystem

/// How long /etc/passwd and /etc/group may be; an image could hold a file of any size.
private let databaseLimitBytes = 8 << 20

extension ImageStore {
    /// Resolves a user in an image's own /etc/passwd and /etc/group. Nothing is mounted.
    ///
    /// - Parameters:
    ///   - user: `uid`, `uid:gid`, `name` or `name:group`; empty is root.
    ///   - snapshot: The container's, to see what it has changed; without it the image alone counts.
    package func resolveUser(_ user: String, in image: Image, snapshot: Snapshot? = nil) throws(ImageError) -> ResolvedUser {
        let own = snapshot.map { [$0.upperDirectory] } ?? []
        let tree = try MergedTree(paths: own + self.snapshot(id: "", image: image).lowerDirectories)
        return try UserDatabase(
            passwd: tree.contents(of: "/etc/passwd", limit: databaseLimitBytes) ?? [],
            group: tree.contents(of: "/etc/group", limit: databaseLimitBytes) ?? []
        ).resolve(user)
    }
}

extension ResolvedUser {
    /// Resolves a user in a mounted root file system, for example a running container's `/proc/PID/root`. No symlink in it
    /// leads out.
    ///
    /// - Parameter root: The directory; `O_PATH` will do.
    package static func resolve(_ user: String, inRoot root: borrowing OwnedFD) throws(ImageError) -> ResolvedUser {
        try UserDatabase(passwd: contents("/etc/passwd", root), group: contents("/etc/group", root)).resolve(user)
    }

    private static func contents(_ path: String, _ root: borrowing OwnedFD) throws(ImageError) -> [UInt8] {
        do {
            let file = try root.open(path, flags: O_RDONLY | O_NONBLOCK, resolve: [.inRoot, .noMagicLinks])
            guard try file.status.kind == .file else { throw ImageError.refused("\(path) in the container is no regular file") }
            if let bytes = try file.readAll(limit: databaseLimitBytes) { return bytes }
        } catch let error as ImageError { throw error } catch let error as Errno {
            if error == .noSuchFile || error == .notDirectory { return [] }
            throw .failed("read \(path) of the container", error)
        } catch { throw ImageError(.failed, "read \(path) of the container", cause: error) }
        throw .refused("\(path) in the container is larger than \(databaseLimitBytes) bytes")
    }
}

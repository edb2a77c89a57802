internal import Glibc
import Synchronization

/// The node's own credentials: a file of docker's `config.json` form, read again when it has changed.
package final class CredentialsFile: Sendable {
    private struct State {
        var version: Version?
        var keyring = DockerKeyring()
    }
    private struct Version: Equatable {
        var inode: UInt
        var seconds: Int
        var nanoseconds: Int
    }
    private let path: String
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameter report: Told in one line what is wrong with the file; never what is in it.
    package init(path: String, report: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.report = report
    }

    /// What is in the file now. While it can't be read, what was in it before.
    package var keyring: DockerKeyring {
        state.withLock { state in
            var status = stat()
            guard unsafe stat(path, &status) == 0 else {
                if state.version != nil { report("\(path): it is gone; its last content is used") }
                state.version = nil
                return state.keyring
            }
            let version = Version(inode: status.st_ino, seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
            guard version != state.version else { return state.keyring }
            state.version = version
            if status.st_mode & 0o044 != 0 { report("\(path): others than its owner can read it: chmod 600 \(path)") }
            do { state.keyring = try Self.read(path) } catch { report("\(path): \(error)") }
            return state.keyring
        }
    }

    /// - Throws: The file can't be read, or has no credentials in docker's form.
    package static func read(_ path: String) throws -> DockerKeyring {
        var keyring = DockerKeyring()
        guard let bytes = try PodFiles.read(path, maxBytes: 4 << 20) else { throw DockerKeyring.FormatError(description: "no such file") }
        try keyring.add(dockerConfigJSON: bytes)
        return keyring
    }
}

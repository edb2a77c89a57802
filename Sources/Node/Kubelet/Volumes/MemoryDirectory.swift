import Synchronization

/// One file system in memory for the secrets and tokens of all pods of an agent. One for each volume would be copied, as an entry of the
/// mount table, into every container that starts.
final class MemoryDirectory: Sendable {
    let path: String
    private let mounts: any MountService
    private let turn = Turn()
    private let isReady = Mutex(false)

    init(_ path: String, _ mounts: any MountService) {
        self.path = path
        self.mounts = mounts
    }

    /// Makes it ready; the one of an earlier agent is used on.
    func prepare() async throws {
        if isReady.withLock({ $0 }) { return }
        try await turn.run {
            let isMounted = try await mounts.isMounted(path)
            if !isMounted {
                try PodFiles.makeDirectory(path, mode: 0o700)
                try await mounts.mountTmpfs(at: path, sizeBytes: nil, mode: 0o700)
            }
            isReady.withLock { $0 = true }
        }
    }
}

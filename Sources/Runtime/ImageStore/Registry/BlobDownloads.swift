import APIMachinery
import Glibc
internal import HTTPClient
import LinuxSystem
import Synchronization

/// Blobs on their way in: `ROOT/downloads/HEX.partial` while one comes, `ROOT/downloads/HEX` when it is whole. Whoever needs a blob that
/// is being fetched waits for it. What a crash or a lost connection leaves is gone on with later.
final class BlobDownloads: Sendable {
    private struct Running {
        var task: Task<Result<Void, ImageError>, Never>
        var observers: [Int: @Sendable (Int64) -> Void]
    }
    private struct State {
        var running: [Digest: Running] = [:]
        /// Made in this process, so known to be whole.
        var complete: Set<Digest> = []
        var lastNumber = 0
    }

    let directory: Directory
    private let connector: RegistryConnector
    private let executor: BlockingExecutor
    private let slots: AsyncSemaphore
    private let state = Mutex(State())

    init(root: borrowing Directory, _ connector: RegistryConnector, _ executor: BlockingExecutor) throws(ImageError) {
        do { directory = try root.makeOrOpenDirectory("downloads", mode: 0o700) } catch {
            throw .failed("make the directory downloads", error)
        }
        self.connector = connector
        self.executor = executor
        slots = AsyncSemaphore(max(1, connector.configuration.maxParallelDownloads))
    }

    static func fileName(_ digest: Digest) -> RawPath { RawPath(digest.hex) }
    private static func partialName(_ digest: Digest) -> RawPath { RawPath("\(digest.hex).partial") }

    /// Returns when the blob is whole in `directory`.
    ///
    /// - Parameter progress: Told how many of its bytes are there, from any thread.
    func fetch(
        _ blob: Descriptor, from sessions: [RegistrySession], progress: @escaping @Sendable (Int64) -> Void
    ) async throws(ImageError) {
        guard let (task, number) = join(blob, sessions, progress) else { return }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            leave(blob.digest, number)
        }
        leave(blob.digest, number)
        if Task.isCancelled { throw .cancelled }
        try result.get()
    }

    /// Forgets and removes a whole blob that is needed no longer.
    func discard(_ digest: Digest) {
        _ = state.withLock { $0.complete.remove(digest) }
        try? directory.unlink(Self.fileName(digest))
    }

    // MARK: Sharing

    private func join(
        _ blob: Descriptor, _ sessions: [RegistrySession], _ progress: @escaping @Sendable (Int64) -> Void
    ) -> (Task<Result<Void, ImageError>, Never>, Int)? {
        state.withLock { state in
            if state.complete.contains(blob.digest), (try? directory.statusIfExists(Self.fileName(blob.digest))) != nil { return nil }
            state.complete.remove(blob.digest)
            state.lastNumber += 1
            let number = state.lastNumber
            if let running = state.running[blob.digest] {
                state.running[blob.digest]?.observers[number] = progress
                return (running.task, number)
            }
            let task = Task(executorPreference: executor) { await self.run(blob, sessions) }
            state.running[blob.digest] = Running(task: task, observers: [number: progress])
            return (task, number)
        }
    }

    /// The last one who leaves ends the work.
    private func leave(_ digest: Digest, _ number: Int) {
        let task = state.withLock { state -> Task<Result<Void, ImageError>, Never>? in
            guard state.running[digest]?.observers.removeValue(forKey: number) != nil else { return nil }
            guard state.running[digest]?.observers.isEmpty == true else { return nil }
            return state.running.removeValue(forKey: digest)?.task
        }
        task?.cancel()
    }

    private func tell(_ digest: Digest, _ bytes: Int64) {
        let observers = state.withLock { $0.running[digest].map { Array($0.observers.values) } ?? [] }
        for observer in observers { observer(bytes) }
    }

    // MARK: The work

    private func run(_ blob: Descriptor, _ sessions: [RegistrySession]) async -> Result<Void, ImageError> {
        do throws(ImageError) {
            try await slots.run { () async throws(ImageError) in
                if Task.isCancelled { throw .cancelled }
                try await download(blob, sessions)
            }
            _ = state.withLock { $0.complete.insert(blob.digest) }
            return .success(())
        } catch { return .failure(error) }
    }

    private func download(_ blob: Descriptor, _ sessions: [RegistrySession]) async throws(ImageError) {
        let partial = Self.partialName(blob.digest)
        var lock: FileLock?
        do {
            // Whole by the word of an earlier process: the digest shall tell.
            if try directory.statusIfExists(partial) == nil, try directory.statusIfExists(Self.fileName(blob.digest)) != nil {
                try directory.rename(Self.fileName(blob.digest), to: directory, as: partial)
            }
            lock = try FileLock.ifFree(partial, in: directory)
        } catch { throw .failed("write to downloads", error) }
        // Another process is fetching the same blob: then this one takes a file for itself.
        let name = lock == nil ? RawPath("\(blob.digest.hex)-\(UInt64.random(in: .min ... .max)).partial") : partial
        let isShared = lock != nil
        defer { lock = nil }
        do throws(ImageError) {
            try await fill(name, blob, sessions)
        } catch {
            // A connection that broke leaves what can be gone on with.
            let canGoOn = isShared && (error.code == .unavailable || Task.isCancelled)
            if !canGoOn { try? directory.unlink(name) }
            throw error
        }
    }

    private func fill(_ name: RawPath, _ blob: Descriptor, _ sessions: [RegistrySession]) async throws(ImageError) {
        let file: OwnedFD
        do { file = try directory.open(name, flags: O_RDWR | O_CREAT, mode: 0o600) } catch { throw .failed("write to downloads", error) }
        var download = BlobDownload(blob, into: file, connector) { self.tell(blob.digest, $0) }
        try await download.run(from: sessions)
        do {
            try directory.setMode(of: name, 0o444)
            try directory.rename(name, to: directory, as: Self.fileName(blob.digest))
        } catch { throw .failed("write to downloads", error) }
    }

    // MARK: What is left over

    /// Removes what nobody works on and what is older than `age`; the rest may still be gone on with.
    static func removeOld(in root: borrowing Directory, age: Int64 = 86_400) throws(Errno) {
        let directory = try root.makeOrOpenDirectory("downloads", mode: 0o700)
        let now = Int64(time(nil))
        for name in try directory.names() {
            guard let status = try directory.statusIfExists(name), status.modified.seconds + age < now else { continue }
            guard let lock = try FileLock.ifFree(name, in: directory) else { continue }
            try directory.unlink(name)
            lock.unlock()
        }
    }
}

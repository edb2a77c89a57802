internal import CRI
internal import LinuxSystem
internal import Synchronization

/// How much containers have written to their layers. Counting a tree takes long: what is told may be a minute old.
final class LayerUsage: Sendable {
    private static let ageMaxNanoseconds: Int64 = 60 * 1_000_000_000
    private struct Entry {
        var usage: FilesystemUsage?
        var countedAt: Int64
    }
    private let entries = Mutex<[String: Entry]>([:])

    /// - Returns: What was counted last; nil the first time. Counts again when that is too old, on the executor.
    func usage(of id: String, at path: String, on executor: BlockingExecutor) -> FilesystemUsage? {
        let now = KernelClock.realtimeNanoseconds
        let (usage, isOld) = entries.withLock { entries in
            let entry = entries[id]
            let isOld = entry.map { now - $0.countedAt > Self.ageMaxNanoseconds } ?? true
            if isOld { entries[id] = Entry(usage: entry?.usage, countedAt: now) }
            return (entry?.usage, isOld)
        }
        if isOld {
            Task { [self] in
                let counted = try? await executor.run { FilesystemUsage.measured(path, now: KernelClock.realtimeNanoseconds) }
                entries.withLock { $0[id]?.usage = counted ?? nil }
            }
        }
        return usage
    }

    func forget(_ id: String) { entries.withLock { _ = $0.removeValue(forKey: id) } }
}

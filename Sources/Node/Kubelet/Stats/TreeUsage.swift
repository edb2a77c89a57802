internal import APIMachinery
internal import CRI
import Synchronization

/// How much directories take. Counting a tree takes long: what is told may be as old as `ageMax`.
final class TreeUsage: Sendable {
    private struct Entry {
        var usage: FilesystemUsage?
        var countedAt: Duration
        var askedAt: Duration
    }
    private static let forgetAfter = Duration.seconds(600)

    private let executor: (any TaskExecutor)?
    private let clock: any TimeSource
    private let entries = Mutex<[String: Entry]>([:])

    private let ageMax: Duration

    init(executor: (any TaskExecutor)?, clock: any TimeSource, ageMax: Duration = .seconds(60)) {
        self.ageMax = ageMax
        self.executor = executor
        self.clock = clock
    }

    /// - Returns: nil when there is no such directory.
    func usage(of path: String) async -> FilesystemUsage? {
        let now = clock.now
        let known = entries.withLock { entries -> Entry? in
            guard let entry = entries[path] else { return nil }
            entries[path]?.askedAt = now
            // Set at once: others need not count too.
            if now - entry.countedAt > ageMax { entries[path]?.countedAt = now }
            return entry
        }
        guard let known else { return await count(path) }
        if now - known.countedAt > ageMax { Task { await count(path) } }
        return known.usage
    }

    @discardableResult
    private func count(_ path: String) async -> FilesystemUsage? {
        let wallTime = clock.wallTime.nanosecondsSinceEpoch
        let usage = await withTaskExecutorPreference(executor) { FilesystemUsage.measured(path, now: wallTime) }
        let now = clock.now
        entries.withLock { entries in
            entries[path] = Entry(usage: usage, countedAt: now, askedAt: entries[path]?.askedAt ?? now)
            if entries.count > 4096 { entries = entries.filter { now - $0.value.askedAt < Self.forgetAfter } }
        }
        return usage
    }
}

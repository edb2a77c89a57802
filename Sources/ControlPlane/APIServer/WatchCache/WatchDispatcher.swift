internal import APIMachinery
internal import Storage
import Synchronization

/// Brings a resource's changes to its watchers, outside of the place where commits are made.
final class WatchDispatcher: Sendable {
    /// Makes ready what one watch has not seen yet; false when that has ended it.
    typealias Preparation = @Sendable (RecentLog<Change>) async -> Bool
    typealias Source = @Sendable () -> (recent: RecentLog<Change>, revision: Int64)?

    private struct State {
        var watchers: [Int: (watcher: Watcher, prepare: Preparation?)] = [:]
        var nextID = 0
        var isRunning = false
        /// Something has changed since the round that is under way began.
        var isBehind = false
        var source: Source?
        /// Up to here everybody has been served.
        var served: Int64 = 0
    }
    private let state = Mutex(State())

    private let executor: (any TaskExecutor)?

    init(executor: (any TaskExecutor)?) { self.executor = executor }

    var watcherCount: Int { state.withLock { $0.watchers.count } }

    /// - Parameters:
    ///   - prepare: Called before each delivery; the others wait for it.
    ///   - source: Reads the resource's latest changes.
    func add(_ watcher: Watcher, preparing prepare: Preparation? = nil, source: @escaping Source) -> Int {
        state.withLock { state in
            state.source = source
            state.nextID += 1
            state.watchers[state.nextID] = (watcher, prepare)
            return state.nextID
        }
    }

    func remove(_ id: Int) { state.withLock { $0.watchers[id] = nil } }

    /// Ends every watch.
    func finish() {
        let watchers = state.withLock { $0.watchers.values.map(\.watcher) }
        for watcher in watchers { watcher.finish() }
    }

    /// Says that there is something new. Returns at once.
    func wake() {
        let isToRun = state.withLock { state -> Bool in
            guard !state.watchers.isEmpty else { return false }
            state.isBehind = true
            guard !state.isRunning else { return false }
            state.isRunning = true
            return true
        }
        guard isToRun else { return }
        Task(executorPreference: executor) { await self.run() }
    }

    /// Serves everybody until nothing is new.
    private func run() async {
        while let (watchers, source, served) = nextRound() {
            guard let (recent, revision) = source() else { continue }
            for (watcher, prepare) in watchers {
                if let prepare, await !prepare(recent) { continue }
                watcher.deliver(recent, upTo: revision)
            }
            // A watch that begins later encodes them again.
            for change in recent.changes(after: max(served, recent.floor)) ?? [] { change.dropFrames() }
            state.withLock { $0.served = max($0.served, revision) }
        }
    }

    private func nextRound() -> (watchers: [(watcher: Watcher, prepare: Preparation?)], source: Source, served: Int64)? {
        state.withLock { state in
            guard state.isBehind, let source = state.source else {
                state.isRunning = false
                return nil
            }
            state.isBehind = false
            return (Array(state.watchers.values), source, state.served)
        }
    }
}

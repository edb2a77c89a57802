internal import APIMachinery
internal import Storage
import Synchronization

/// One watch: what it wants to see, how far it has come, and where its events go.
final class Watcher: Sendable {
    private struct State {
        /// Everything up to here has been delivered or is none of this watch's.
        var cursor: Int64
        /// Its first events are still being written by whoever began it.
        var isStarting = true
        var isOver = false
        /// A Table's columns have been told.
        var hasSentColumns = false
    }
    private let state: Mutex<State>
    private let filter: ItemFilter
    private let encoder: WatchEncoder
    private let stream: any ResponseStream

    /// - Parameter cursor: The revision behind which it begins.
    init(filter: ItemFilter, encoder: WatchEncoder, stream: any ResponseStream, cursor: Int64) {
        self.filter = filter
        self.encoder = encoder
        self.stream = stream
        state = Mutex(State(cursor: cursor))
    }

    var cursor: Int64 { state.withLock { $0.cursor } }

    /// Writes the objects that are there already, in one piece however many they are.
    func writeInitial(_ index: KeyIndex<StoredItem>) {
        state.withLock { state in
            var bytes: [UInt8] = []
            _ = index.forEach(prefix: filter.keyPrefix, after: nil) { item in
                if filter.matches(item) {
                    bytes += encoder.frame(.added, item, revision: item.modRevision, hasColumns: !state.hasSentColumns)
                    state.hasSentColumns = true
                }
                return true
            }
            if !bytes.isEmpty { write(bytes, &state) }
        }
    }

    /// Writes changes that are not in memory any more, or not yet. Only while starting.
    func writePast(_ changes: [Change], upTo revision: Int64) {
        state.withLock { state in
            for change in changes where change.revision > state.cursor { write(change, &state) }
            state.cursor = max(state.cursor, revision)
        }
    }

    /// Delivers what is new and, from then on, everything as it comes.
    ///
    /// - Returns: false when what it has not seen is no longer in memory: then it must be read from the store first.
    func catchUp(_ recent: RecentLog<Change>, upTo revision: Int64) -> Bool {
        state.withLock { state in
            guard state.cursor > revision || recent.changes(after: state.cursor) != nil else { return false }
            deliver(recent, upTo: revision, &state)
            state.isStarting = false
            return true
        }
    }

    /// Called by the dispatcher.
    func deliver(_ recent: RecentLog<Change>, upTo revision: Int64) {
        state.withLock { state in
            guard !state.isStarting else { return }
            deliver(recent, upTo: revision, &state)
        }
    }

    private func deliver(_ recent: RecentLog<Change>, upTo revision: Int64, _ state: inout State) {
        guard !state.isOver, revision > state.cursor else { return }
        guard let changes = recent.changes(after: state.cursor) else {
            // So far behind that events were lost: the client comes back with the last revision it saw.
            return end(&state)
        }
        for change in changes { write(change, &state) }
        state.cursor = max(state.cursor, revision)
    }

    /// Tells the reader how far it has come.
    func writeBookmark(isEndOfInitialEvents: Bool = false) {
        state.withLock { state in
            guard isEndOfInitialEvents || !state.isStarting else { return }
            write(encoder.bookmark(state.cursor, isEndOfInitialEvents, hasColumns: !state.hasSentColumns), &state)
            state.hasSentColumns = true
        }
    }

    func writeError(_ status: Status) {
        state.withLock { state in
            write(encoder.error(status), &state)
            end(&state)
        }
    }

    func finish() { state.withLock { end(&$0) } }

    private func end(_ state: inout State) {
        guard !state.isOver else { return }
        state.isOver = true
        stream.finish()
    }

    private func write(_ change: Change, _ state: inout State) {
        guard filter.covers(change.item.key), let event = event(change) else { return }
        write(encoder.frame(event, change, hasColumns: !state.hasSentColumns), &state)
        state.hasSentColumns = true
    }

    private func write(_ bytes: [UInt8], _ state: inout State) {
        guard !state.isOver else { return }
        if !stream.write(bytes) { state.isOver = true }
    }

    /// What a change is to this watch: an object that begins to match is new to it, one that ceases to match is gone.
    private func event(_ change: Change) -> WatchEventType? {
        guard filter.isSelective else {
            switch change.kind {
            case .created: return .added
            case .updated: return .modified
            case .deleted: return .deleted
            }
        }
        let matched = change.previous.map { filter.matches($0) } ?? false
        let matches = change.kind != .deleted && filter.matches(change.item)
        switch (matched, matches) {
        case (false, true): return .added
        case (true, true): return .modified
        case (true, false): return .deleted
        case (false, false): return nil
        }
    }
}

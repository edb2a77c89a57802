import Synchronization

/// A part of a store's log.
package struct LogSlice: Sendable {
    /// In order of revision.
    package var events: [StorageEvent]
    /// The slice holds every event from where it was asked to begin up to this revision.
    package var upTo: Int64

    package init(events: [StorageEvent], upTo: Int64) {
        self.events = events
        self.upTo = upTo
    }
}

/// Hands a store's commits to its watches and taps.
package final class WatchHub: Sendable {
    /// Reads the log behind a revision, at least one event if there is any, at most a few hundred.
    package typealias ReadLog = @Sendable (_ after: Int64) async throws(StorageError) -> LogSlice

    private typealias Answer = Result<WatchStep, StorageError>
    private struct Waiter {
        var cursor: WatchCursor
        var continuation: CheckedContinuation<Answer, Never>
    }
    private struct State {
        var recent: RecentLog<StorageEvent>
        var published: Int64
        /// Every watch that has not ended; with a waiter while it has read everything.
        var watches: [Int: Waiter?] = [:]
        var taps: [(id: Int, body: @Sendable ([StorageEvent]) -> Void)] = []
        var nextID = 0
        var isClosed = false
    }
    private let state: Mutex<State>
    private let readLog: ReadLog

    package init(
        currentRevision: Int64, recentCountMax: Int = 1_000, recentBytesMax: Int = 4 << 20, readLog: @escaping ReadLog
    ) {
        let recent = RecentLog<StorageEvent>(floor: currentRevision, countMax: recentCountMax, bytesMax: recentBytesMax)
        state = Mutex(State(recent: recent, published: currentRevision))
        self.readLog = readLog
    }

    /// - Parameter revision: Neither compacted nor in the future; the caller has looked.
    package func watch(prefix: String, after revision: Int64) throws(StorageError) -> StorageWatch {
        let id = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.nextID += 1
            state.watches[state.nextID] = .some(nil)
            return state.nextID
        }
        guard let id else { throw .closed }
        return StorageWatch(registration: WatchRegistration(hub: self, id: id), start: WatchCursor(prefix: prefix, revision: revision))
    }

    package func observe(_ body: @escaping @Sendable ([StorageEvent]) -> Void) -> StorageObservation {
        let (id, revision) = state.withLock { state in
            state.nextID += 1
            state.taps.append((state.nextID, body))
            return (state.nextID, state.published)
        }
        return StorageObservation(startRevision: revision) { [weak self] in
            self?.state.withLock { $0.taps.removeAll { $0.id == id } }
        }
    }

    /// Hands one durable commit to everybody. Called in the order of revisions, never twice at once.
    package func publish(_ commit: [StorageEvent]) {
        guard let last = commit.last else { return }
        let (taps, resumptions) = state.withLock { state in
            state.published = last.revision
            state.recent.append(contentsOf: commit)
            return (state.taps, Self.wake(&state, commit, upTo: last.revision))
        }
        for tap in taps { tap.body(commit) }
        for (continuation, step) in resumptions { continuation.resume(returning: .success(step)) }
    }

    /// Ends every watch that has read everything, and the others when they have.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.taps = []
            let waiters = state.watches.values.compactMap(\.self)
            state.watches = state.watches.mapValues { _ in nil }
            return waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: .failure(.closed)) }
    }

    func remove(_ id: Int) {
        let waiter = state.withLock { $0.watches.removeValue(forKey: id) ?? nil }
        waiter?.continuation.resume(returning: .success(.ended))
    }

    func next(_ id: Int, _ cursor: inout WatchCursor) async throws(StorageError) -> [StorageEvent]? {
        while true {
            let step = try await step(id, cursor)
            let events: [StorageEvent]
            switch step {
            case .ended: return nil
            case .recent(let slice, let upTo): events = cursor.advance(over: slice, upTo: upTo)
            case .matching(let matching, let upTo):
                cursor.revision = upTo
                events = matching
            case .behind:
                let slice = try await readLog(cursor.revision)
                events = cursor.advance(over: slice.events, upTo: slice.upTo)
            }
            if !events.isEmpty { return events }
        }
    }

    private func step(_ id: Int, _ cursor: WatchCursor) async throws(StorageError) -> WatchStep {
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { Self.poll(&$0, id, Waiter(cursor: cursor, continuation: continuation)) }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            remove(id)
        }
        return try answer.get()
    }

    /// What a watch is to do now; nil when there is nothing: then it waits.
    private static func poll(_ state: inout State, _ id: Int, _ waiter: Waiter) -> Answer? {
        guard let registered = state.watches[id], !Task.isCancelled else { return .success(.ended) }
        precondition(registered == nil, "a watch has one reader")
        if waiter.cursor.revision < state.published {
            guard let events = state.recent.changes(after: waiter.cursor.revision) else { return .success(.behind) }
            return .success(.recent(events, upTo: state.published))
        }
        guard !state.isClosed else { return .failure(.closed) }
        state.watches[id] = .some(waiter)
        return nil
    }

    /// Takes out the waiting watches that a commit concerns. The others' cursors may stay: nothing up to here is theirs.
    private static func wake(
        _ state: inout State, _ commit: [StorageEvent], upTo revision: Int64
    ) -> [(CheckedContinuation<Answer, Never>, WatchStep)] {
        var resumptions: [(CheckedContinuation<Answer, Never>, WatchStep)] = []
        for (id, waiter) in state.watches {
            guard var waiter else { continue }
            let events = waiter.cursor.advance(over: commit, upTo: revision)
            guard !events.isEmpty else { continue }
            state.watches[id] = .some(nil)
            resumptions.append((waiter.continuation, .matching(events, upTo: revision)))
        }
        return resumptions
    }
}

/// What a watch does next.
private enum WatchStep: Sendable {
    /// Events after its cursor, of all keys.
    case recent(ArraySlice<StorageEvent>, upTo: Int64)
    /// Events after its cursor, of its keys only.
    case matching([StorageEvent], upTo: Int64)
    /// It must read from the log.
    case behind
    case ended
}

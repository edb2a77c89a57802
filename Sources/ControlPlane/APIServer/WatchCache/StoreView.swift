internal import APIMachinery
internal import Storage
import Synchronization

/// The store's present state in memory, a part for each resource that somebody has asked for, and each part's latest changes.
///
/// It is told of a commit before the writer is, so what it shows is never older than what any client knows. All parts are changed under one
/// lock: what is read under it belongs to one revision.
final class StoreView: Sendable {
    private struct State {
        var revision: Int64
        var parts: [String: PartState] = [:]
    }
    private enum PartState {
        /// Being read from the store; with the changes since, and who waits.
        case loading(events: [StorageEvent], waiters: [CheckedContinuation<Result<Void, StorageError>, Never>])
        case loaded(Part)
    }

    /// One resource's objects and latest changes.
    struct Part: Sendable {
        var index: KeyIndex<StoredItem>
        var recent: RecentLog<Change>
        var form: StoredForm
        var hub: WatchDispatcher
        /// Of watches whose objects a webhook converts: others do not wait for it.
        var convertingHub: WatchDispatcher
    }

    private let storage: any StorageBackend
    private let state: Mutex<State>
    private let observation = Mutex<StorageObservation?>(nil)

    private let executor: (any TaskExecutor)?

    init(storage: any StorageBackend, executor: (any TaskExecutor)? = nil) {
        self.storage = storage
        self.executor = executor
        state = Mutex(State(revision: 0))
        // What is committed between these two lines is told to nobody, and read by nobody: no part is loaded yet.
        let observation = storage.observe { [weak self] events in self?.apply(events) }
        state.withLock { $0.revision = max($0.revision, observation.startRevision) }
        self.observation.withLock { $0 = observation }
    }

    func close() { observation.withLock { $0?.cancel() } }

    var revision: Int64 { state.withLock { $0.revision } }

    // MARK: reading

    /// Calls `body` with a resource's objects as they are at the revision that is handed over with them; loads them first if need be.
    func read<Result: Sendable>(
        _ location: StorageLocation, _ body: @Sendable (Part, Int64) -> Result
    ) async throws(StorageError) -> Result {
        while true {
            let result = state.withLock { state -> Result? in
                guard case .loaded(let part)? = state.parts[location.prefix] else { return nil }
                return body(part, state.revision)
            }
            if let result { return result }
            try await load(location)
        }
    }

    /// A resource's latest changes, and the revision up to which there are no others; nil when it is not loaded.
    func recent(_ location: StorageLocation) -> (recent: RecentLog<Change>, revision: Int64)? {
        state.withLock { state in
            guard case .loaded(let part)? = state.parts[location.prefix] else { return nil }
            return (part.recent, state.revision)
        }
    }

    /// Reads a resource from the store, once for all who ask at the same time.
    func load(_ location: StorageLocation) async throws(StorageError) {
        let answer = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, StorageError>, Never>) in
            enum Step { case begin, wait, done }
            let step = state.withLock { state -> Step in
                switch state.parts[location.prefix] {
                case .loaded?: return .done
                case .loading(let events, let waiters)?:
                    state.parts[location.prefix] = .loading(events: events, waiters: waiters + [continuation])
                    return .wait
                case nil:
                    state.parts[location.prefix] = .loading(events: [], waiters: [continuation])
                    return .begin
                }
            }
            switch step {
            case .done: continuation.resume(returning: .success(()))
            case .wait: break
            case .begin: Task(executorPreference: executor) { await self.fill(location) }
            }
        }
        try answer.get()
    }

    private func fill(_ location: StorageLocation) async {
        let answer: Result<Void, StorageError>
        var part: Part?
        do throws(StorageError) {
            let list = try await storage.list(prefix: location.prefix, after: nil, limit: nil, at: nil)
            let items = list.objects.compactMap { StoredItem($0, location.form) }
            part = Part(
                index: KeyIndex(sorted: items), recent: RecentLog(behind: list.revision), form: location.form,
                hub: WatchDispatcher(executor: executor),
                convertingHub: WatchDispatcher(executor: executor))
            answer = .success(())
        } catch {
            answer = .failure(error)
        }
        let waiters = state.withLock { state -> [CheckedContinuation<Result<Void, StorageError>, Never>] in
            guard case .loading(let events, let waiters)? = state.parts[location.prefix] else { return [] }
            if var loaded = part {
                for event in events where event.revision > loaded.recent.floor { loaded.apply(event) }
                state.parts[location.prefix] = .loaded(loaded)
            } else {
                state.parts[location.prefix] = nil
            }
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: answer) }
    }

    /// Reads a resource again when it is next asked for: its objects are to be brought into another form. Ends its watches.
    func forget(_ location: StorageLocation) {
        let hubs = state.withLock { state -> [WatchDispatcher] in
            guard case .loaded(let part)? = state.parts[location.prefix] else { return [] }
            state.parts[location.prefix] = nil
            return [part.hub, part.convertingHub]
        }
        for hub in hubs { hub.finish() }
    }

    // MARK: changing

    /// Called where commits are made: short, without waiting.
    private func apply(_ events: [StorageEvent]) {
        guard let last = events.last else { return }
        var hubs: [WatchDispatcher] = []
        state.withLock { state in
            for event in events {
                guard let prefix = StorageLocation.prefix(ofKey: event.key), let part = state.parts[prefix] else { continue }
                state.parts[prefix] = nil  // so that the part below is the only one and is changed in place
                switch part {
                case .loading(var pending, let waiters):
                    pending.append(event)
                    state.parts[prefix] = .loading(events: pending, waiters: waiters)
                case .loaded(var part):
                    part.apply(event)
                    hubs += [part.hub, part.convertingHub]
                    state.parts[prefix] = .loaded(part)
                }
            }
            state.revision = max(state.revision, last.revision)
        }
        for hub in hubs { hub.wake() }
    }
}

extension StoreView.Part {
    fileprivate mutating func apply(_ event: StorageEvent) {
        let previous = index[event.key]
        switch event.kind {
        case .created, .updated:
            guard
                let item = StoredItem(
                    StoredObject(
                        key: event.key, value: event.value, createRevision: event.createRevision, modRevision: event.revision), form)
            else { return }
            index.set(item)
            recent.append(
                Change(kind: previous == nil ? .created : .updated, revision: event.revision, item: item, previous: previous))
        case .deleted:
            guard let previous else { return }
            index.remove(event.key)
            recent.append(Change(kind: .deleted, revision: event.revision, item: previous, previous: previous))
        }
    }
}

extension StoredItem {
    /// - Returns: nil for a value that is no JSON object: it is left out of everything until somebody repairs the store.
    convenience init?(_ object: StoredObject, _ form: StoredForm) {
        guard let (value, writtenVersion) = form.normalized(object.value) else { return nil }
        self.init(
            key: object.key, value: value, createRevision: object.createRevision, modRevision: object.modRevision,
            writtenVersion: writtenVersion)
    }
}

internal import APIMachinery
internal import Storage

extension APIServer {
    func watch(_ context: RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request, isWatch: true, isWatchable: true)
        let options = try ListOptions(context.request, isWatch: true)
        let filter = try ItemFilter(context.resource, namespace: context.namespace, options)
        guard let location = context.resource.stored?.location else { throw .methodNotAllowed }
        let start = try await WatchStart(options, snapshot(location))
        if let initial = start.initial { try await prepare(filter.covered(initial), for: context.resource) }
        let encoder = WatchEncoder(resource: context.resource, format: format, now: configuration.now)
        let session = WatchSession(server: self, resource: context.resource, location: location, options: options, start: start)
        var type = format.encoding.rawValue
        if format.encoding == .protobuf { type += ";stream=watch" }
        return APIResponse(
            status: 200, headers: ["Content-Type": type, "Cache-Control": "no-cache, private"],
            body: .stream { stream in
                session.run(Watcher(filter: filter, encoder: encoder, stream: stream, cursor: start.cursor), stream)
            })
    }
}

/// Where a watch begins.
struct WatchStart: Sendable {
    /// The objects to begin with; nil for none.
    var initial: KeyIndex<StoredItem>?
    /// Changes behind this revision follow.
    var cursor: Int64
    var endsInitialWithBookmark: Bool

    init(_ options: ListOptions, _ state: (index: KeyIndex<StoredItem>, revision: Int64)) {
        let version = options.resourceVersion ?? 0
        let wantsInitial = options.sendsInitialEvents ?? (version == 0)
        initial = wantsInitial ? state.index : nil
        // Initial events are of the newest state, which is never older than what was asked for.
        cursor = wantsInitial || version == 0 ? state.revision : version
        endsInitialWithBookmark = options.sendsInitialEvents == true && options.allowsBookmarks
    }
}

/// A watch from its first event to its end.
struct WatchSession: Sendable {
    let server: APIServer
    let resource: ResourceDefinition
    let location: StorageLocation
    let options: ListOptions
    let start: WatchStart

    func run(_ watcher: Watcher, _ stream: any ResponseStream) {
        if let initial = start.initial { watcher.writeInitial(initial) }
        if start.endsInitialWithBookmark { watcher.writeBookmark(isEndOfInitialEvents: true) }
        let task = Task(executorPreference: server.configuration.executor) {
            await follow(watcher)
            watcher.finish()
        }
        stream.onClose { task.cancel() }
    }

    /// Registers the watcher where changes are dispatched, for as long as it lives.
    private func follow(_ watcher: Watcher) async {
        let (view, location) = (server.view, location)
        do throws(StorageError) {
            let isConverted = resource.isConvertedByWebhook
            let hub = try await view.read(location) { part, _ in isConverted ? part.convertingHub : part.hub }
            var preparation: WatchDispatcher.Preparation?
            if isConverted { preparation = { recent in await prepare(recent, watcher) } }
            let id = hub.add(watcher, preparing: preparation) { view.recent(location) }
            defer { hub.remove(id) }
            guard try await join(watcher) else { return }
            // What came while it was catching up was not for the dispatcher to deliver.
            hub.wake()
            await keepTime(watcher)
        } catch {
            watcher.writeError(status(error, watcher))
        }
    }

    /// Brings the watcher up to the present, from where the dispatcher goes on.
    private func join(_ watcher: Watcher) async throws(StorageError) -> Bool {
        while let (recent, revision) = server.view.recent(location) {
            guard await prepare(recent, watcher) else { return false }
            if watcher.catchUp(recent, upTo: revision) { return true }
            try await readPast(watcher, upTo: revision)
        }
        return false
    }

    /// Reads from the store's log what is no longer in memory.
    private func readPast(_ watcher: Watcher, upTo revision: Int64) async throws(StorageError) {
        // Of all keys, because only so it is known when the revision has been reached.
        let log = try server.storage.watch(prefix: "", after: watcher.cursor)
        defer { log.cancel() }
        var iterator = log.makeAsyncIterator()
        while let events = try await iterator.next() {
            let mine = events.filter { $0.key.hasPrefix(location.prefix) }.compactMap { Change($0, location.form) }
            guard await prepare(changes: mine, watcher) else { return }
            watcher.writePast(mine, upTo: events.last?.revision ?? revision)
            if watcher.cursor >= revision { return }
        }
    }

    /// Has what a watch has not seen yet converted, if a webhook does that.
    ///
    /// - Returns: false when that failed: the watch is over.
    private func prepare(_ recent: RecentLog<Change>, _ watcher: Watcher) async -> Bool {
        guard resource.isConvertedByWebhook else { return true }
        return await prepare(changes: Array(recent.changes(after: watcher.cursor) ?? []), watcher)
    }

    private func prepare(changes: [Change], _ watcher: Watcher) async -> Bool {
        do throws(Status) {
            try await server.prepare(changes.flatMap { [$0.item] + ($0.previous.map { [$0] } ?? []) }, for: resource)
            return true
        } catch {
            watcher.writeError(error)
            return false
        }
    }

    private func status(_ error: StorageError, _ watcher: Watcher) -> Status {
        guard case .compacted(let oldest) = error else { return Status(error, "watch \(location.prefix)") }
        return .expired("too old resource version: \(watcher.cursor) (\(oldest))")
    }

    /// Sends bookmarks until the watch's time is over.
    private func keepTime(_ watcher: Watcher) async {
        // As upstream: between half an hour and an hour when nothing is said.
        let limit = options.timeoutSeconds.flatMap { $0 > 0 ? Duration.seconds($0) : nil } ?? .seconds(Int64.random(in: 1800..<3600))
        let interval = server.configuration.bookmarkInterval
        var passed = Duration.zero
        while passed < limit, !Task.isCancelled {
            let step = options.allowsBookmarks ? min(interval, limit - passed) : limit - passed
            do { try await server.configuration.clock.sleep(for: step) } catch { return }
            passed += step
            guard options.allowsBookmarks, let (recent, revision) = server.view.recent(location) else { continue }
            guard await prepare(recent, watcher) else { return }
            watcher.deliver(recent, upTo: revision)
            watcher.writeBookmark()
        }
    }
}

extension Change {
    /// A change as the store's log has it; nil when the value is no JSON object.
    fileprivate convenience init?(_ event: StorageEvent, _ form: StoredForm) {
        let object = StoredObject(
            key: event.key, value: event.value, createRevision: event.createRevision, modRevision: event.revision)
        guard let item = StoredItem(object, form) else { return nil }
        let previous = event.previous.flatMap {
            StoredItem(StoredObject(key: event.key, value: $0, createRevision: event.createRevision, modRevision: event.revision), form)
        }
        let kind: Kind =
            switch event.kind {
            case .created: .created
            case .updated: .updated
            case .deleted: .deleted
            }
        self.init(kind: kind, revision: event.revision, item: item, previous: previous)
    }
}

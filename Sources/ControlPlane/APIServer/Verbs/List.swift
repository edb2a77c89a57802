internal import APIMachinery
internal import Storage

extension APIServer {
    func list(_ context: RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request, isWatchable: context.resource.verbs.contains("watch"))
        let options = try ListOptions(context.request, isWatch: false)
        let filter = try ItemFilter(context.resource, namespace: context.namespace, options)
        do throws(Status) {
            let page = try await page(context.resource, namespace: context.namespace, options, filter)
            return try encoder(context, format).list(page.items, metadata: page.metadata)
        } catch {
            return try Self.expiredAnswer(error, options, format)
        }
    }

    struct Page: Sendable {
        var items: [StoredItem] = []
        var metadata = JSONObject()
    }

    /// The objects of a list, at the state that it asks for.
    func page(
        _ resource: ResourceDefinition, namespace: String, _ options: ListOptions, _ filter: ItemFilter
    ) async throws(Status) -> Page {
        guard let location = resource.stored?.location else { throw .unknownResource }
        var after: String?
        var token: ContinueToken?
        if !options.continuation.isEmpty {
            let read = try ContinueToken(parsing: options.continuation)
            after = location.prefix(namespace: namespace) + read.lastKey
            token = read
        }
        let state = try await state(location, options, token)
        // A list from "any" state is answered whole by upstream's cache.
        let limit = options.resourceVersion == 0 && options.versionMatch == nil ? nil : options.limit
        if resource.isConvertedByWebhook, filter.isSelective { try await prepare(filter.covered(state.index), for: resource) }
        let page = Self.page(state, filter, after: after, limit: limit, base: location.prefix(namespace: namespace))
        try await prepare(page.items, for: resource)
        return page
    }

    private typealias ListState = (index: KeyIndex<StoredItem>, revision: Int64)

    private func state(
        _ location: StorageLocation, _ options: ListOptions, _ token: ContinueToken?
    ) async throws(Status) -> ListState {
        if let token {
            guard token.revision > 0 else { return try await snapshot(location) }
            return try await state(location, at: token.revision) { Self.expiredContinuation(token) }
        }
        guard let version = options.resourceVersion, version > 0 else { return try await snapshot(location) }
        let isExact = options.versionMatch == .exact || (options.versionMatch == nil && options.limit != nil)
        guard isExact else {
            try await waitForRevision(version)
            return try await snapshot(location)
        }
        return try await state(location, at: version) { .expired("The resourceVersion for the provided list is too old.") }
    }

    /// The state of a past revision, out of memory when it is still the present one.
    private func state(_ location: StorageLocation, at revision: Int64, expired: () -> Status) async throws(Status) -> ListState {
        try await waitForRevision(revision)
        let now: (state: ListState, isPresent: Bool)
        do throws(StorageError) {
            now = try await view.read(location) { part, current in
                (state: (index: part.index, revision: current), isPresent: part.recent.isUnchanged(since: revision))
            }
        } catch {
            throw Status(error, "read \(location.prefix)")
        }
        if now.isPresent { return (now.state.index, revision) }
        do throws(StorageError) {
            let list = try await storage.list(prefix: location.prefix, after: nil, limit: nil, at: revision)
            return (KeyIndex(sorted: list.objects.compactMap { StoredItem($0, location.form) }), revision)
        } catch {
            if case .compacted = error { throw expired() }
            throw Status(error, "list \(location.prefix) at \(revision)")
        }
    }

    private static func page(_ state: ListState, _ filter: ItemFilter, after: String?, limit: Int?, base: String) -> Page {
        var page = Page()
        let isSelective = filter.isSelective
        var hasMore = false
        let remaining = state.index.forEach(prefix: filter.keyPrefix, after: after) { item in
            if isSelective, !filter.matches(item) { return true }
            if let limit, page.items.count >= limit {
                hasMore = true
                return false
            }
            page.items.append(item)
            return true
        }
        page.metadata.append("resourceVersion", .string(String(state.revision)))
        if hasMore, let last = page.items.last {
            let token = ContinueToken(revision: state.revision, lastKey: String(last.key.dropFirst(base.count)))
            page.metadata.append("continue", .string(token.text))
            // The item that did not fit was looked at already.
            if !isSelective { page.metadata.append("remainingItemCount", .integer(Int64(remaining + 1))) }
        }
        return page
    }

    private static func expiredContinuation(_ token: ContinueToken) -> Status {
        .expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue "
                + "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the "
                + "provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
                + "first chunk was returned and now may show up in the list.")
    }

    /// An expired token's refusal carries another one, with which the list can go on at the newest state.
    private static func expiredAnswer(_ error: Status, _ options: ListOptions, _ format: ResponseFormat) throws(Status) -> APIResponse {
        guard error.reason == .expired, !options.continuation.isEmpty, var object = error.json.objectValue else { throw error }
        let token = try ContinueToken(parsing: options.continuation)
        object["metadata"] = ["continue": .string(ContinueToken(revision: -1, lastKey: token.lastKey).text)]
        var format = format
        format.transform = .none
        return .body(try ResponseEncoder.encode(object, format), format, status: Int(error.code))
    }
}

extension RecentLog<Change> {
    /// Whether the objects are the same as they were at a revision.
    func isUnchanged(since revision: Int64) -> Bool { changes(after: revision)?.isEmpty ?? false }
}

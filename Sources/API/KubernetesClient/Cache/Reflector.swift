internal import APIMachinery
internal import KubernetesAPI

/// Keeps a copy of a collection true: lists it, then follows its changes, and lists again when it has lost the thread.
///
/// A watch that ends without a failure goes on from the last revision seen. After 410 (the revision is no longer kept) everything is listed again.
struct Reflector<Object: KubernetesObject>: Sendable {
    let resource: ResourceClient<Object>
    let selection: ListOptions
    let time: any TimeSource
    /// The whole state, and the revision at which it was so.
    let replace: @Sendable ([Object], String) -> Void
    let apply: @Sendable (WatchEvent<Object>) -> Void
    /// A failure after which it tries again.
    let report: @Sendable (ClientError) -> Void

    /// Runs until the task is cancelled.
    func run() async {
        var retry = Retry()
        var revision: String?
        while !Task.isCancelled {
            let begin = time.now
            var wait: Duration?
            do throws(ClientError) {
                if revision == nil { revision = try await list() }
                let count = try await follow(&revision)
                // A server that ends every watch at once is not asked in a circle.
                if count == 0, time.now - begin < .seconds(1) { wait = retry.next(after: time.now - begin) }
            } catch {
                if error.isExpired || error.isVersionTooLarge { revision = nil }
                guard !Task.isCancelled else { return }
                report(error)
                wait = max(retry.next(after: time.now - begin), error.retryAfter ?? .zero)
            }
            if let wait, (try? await time.sleep(for: wait)) == nil { return }
        }
    }

    private func list() async throws(ClientError) -> String {
        let all = try await resource.listAll(selection)
        let revision = all.metadata.resourceVersion ?? ""
        replace(all.items, revision)
        return revision
    }

    /// - Returns: How many events came.
    private func follow(_ revision: inout String?) async throws(ClientError) -> Int {
        var options = selection
        options.resourceVersion = revision
        options.allowsBookmarks = true
        // Between 5 and 10 minutes, so that the watches of many clients don't end together.
        options.timeoutSeconds = .random(in: 300..<600)
        let stream = try await resource.watch(options)
        defer { stream.cancel() }
        var events = stream.makeAsyncIterator()
        var count = 0
        while let event = try await events.next() {
            revision = event.resourceVersion ?? revision
            count += 1
            apply(event)
        }
        return count
    }
}

extension WatchEvent {
    var resourceVersion: String? {
        switch self {
        case .added(let object), .modified(let object), .deleted(let object): object.metadata.resourceVersion
        case .bookmark(let resourceVersion, _): resourceVersion
        }
    }
}

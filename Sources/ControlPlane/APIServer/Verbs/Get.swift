internal import APIMachinery

extension APIServer {
    func get(_ context: RequestContext) async throws(Status) -> APIResponse {
        let item = try await requestedItem(context)
        let format = try ResponseFormat.negotiated(context.request)
        return try encoder(context, format).response(item)
    }

    /// The object that a request names, not older than its resourceVersion.
    func requestedItem(_ context: RequestContext) async throws(Status) -> StoredItem {
        let version = try ListOptions.revision(context.request.parameter("resourceVersion") ?? "", isWatch: true)
        if let version { try await waitForRevision(version) }
        guard let stored = context.resource.stored else { throw .unknownResource }
        let key = stored.location.key(namespace: context.namespace, name: context.info.name)
        guard let item = try await item(stored.location, key) else { throw context.resource.notFound(context.info.name) }
        try await prepare([item], for: context.resource)
        return item
    }

    func encoder(_ context: RequestContext, _ format: ResponseFormat) -> ResponseEncoder {
        ResponseEncoder(resource: context.resource, format: format, now: context.now)
    }
}

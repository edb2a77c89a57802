internal import APIMachinery

extension APIServer {
    /// DELETE on a collection: each object that is selected, one after the other. Not atomic.
    func deleteCollection(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request)
        let list = try ListOptions(context.request, isWatch: false)
        let options = try deletionOptions(context)
        let filter = try ItemFilter(context.resource, namespace: context.namespace, list)
        let page = try await page(context.resource, namespace: context.namespace, list, filter)
        for item in page.items {
            do throws(Status) {
                var one = context
                if context.resource.isNamespaced { one.info.namespace = String(item.namespace(context.resource)) }
                _ = try await delete(String(item.name), options, &one)
                if isDefinition(context.resource), !options.isDryRun {
                    try await finishDeletion(ofDefinition: String(item.name), context)
                }
            } catch {
                // Somebody else was faster: what was wanted has happened.
                if error.reason != .notFound { throw error }
            }
        }
        return try encoder(context, format).list(page.items, metadata: page.metadata)
    }
}

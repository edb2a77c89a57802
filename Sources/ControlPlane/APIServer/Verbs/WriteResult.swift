internal import APIMachinery
internal import KubernetesAPI
internal import Storage

/// What a write has come to.
struct WriteResult: Sendable {
    /// In the version of the request, with its resourceVersion; without one after a dry run of a creation.
    var object: JSONObject
    /// What lies in the store now; nil after a dry run, and when the write has ended with a deletion.
    var item: StoredItem?
    var isCreated = false
}

extension APIServer {
    /// The answer to a write.
    func response(
        _ result: WriteResult, _ context: RequestContext, _ format: ResponseFormat, status: Int
    ) async throws(Status) -> APIResponse {
        let encoder = encoder(context, format)
        if let item = result.item { try await prepare([item], for: context.resource) }
        if let item = result.item { return try encoder.response(item, status: status) }
        return try encoder.response(result.object, status: status)
    }

    /// Puts an object into the store.
    ///
    /// - Parameter object: In the storage version.
    /// - Throws: The store's own error when the precondition does not hold: the caller tries again or says so.
    func put(
        _ object: JSONObject, key: String, _ stored: ResourceDefinition.Stored, if precondition: Precondition
    ) async throws(StorageError) -> StoredItem {
        let bytes = stored.location.form.bytes(of: object)
        let lifetime = stored.location.prefix == "/registry/core/events/" ? configuration.eventLifetime : nil
        let revision = try await storage.put(key, bytes, if: precondition, expiresAfter: lifetime)
        var created = revision
        if case .revision = precondition { created = 0 }
        return StoredItem(key: key, value: bytes, createRevision: created, modRevision: revision)
    }
}

package import APIMachinery
internal import Storage

/// Reads the server's own objects from memory, without a request: for admission and the like.
package struct ObjectReader: Sendable {
    let server: APIServer

    package func resource(group: String = "", version: String = "v1", _ plural: String) -> ResourceDefinition? {
        server.registry.resource(group: group, version: version, plural: plural)
    }

    /// - Returns: nil when there is no such object.
    package func get(
        group: String = "", _ plural: String, namespace: String = "", name: String
    ) async throws(Status) -> JSONObject? {
        guard let resource = resource(group: group, plural), let stored = resource.stored else { return nil }
        let item = try await server.item(stored.location, stored.location.key(namespace: namespace, name: name))
        return item.map { resource.object($0) }
    }

    /// - Parameter namespace: Empty for all.
    package func list(group: String = "", _ plural: String, namespace: String = "") async throws(Status) -> [JSONObject] {
        guard let resource = resource(group: group, plural), let stored = resource.stored else { return [] }
        return try await server.items(stored.location, prefix: stored.location.prefix(namespace: namespace)).map { resource.object($0) }
    }
}

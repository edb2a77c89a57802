internal import APIMachinery
internal import CEL

/// Finds the objects that a binding gives its policy as parameters, after upstream's CollectParams.
struct PolicyParameters: Sendable {
    let objects: ObjectReader

    /// Why there are none, in upstream's words.
    struct Problem: Error { var text: String }

    /// - Parameter namespace: Of the request; empty for objects of the cluster.
    /// - Returns: A policy is held against the request once for each; one null where it takes none.
    func values(
        _ policy: ValidatingPolicy, _ binding: PolicyBinding, namespace: String
    ) async throws(Problem) -> [CELValue] {
        guard let kind = policy.paramKind, let reference = binding.paramRef else { return [.null] }
        guard let resource = objects.server.registry.resource(kind: kind), let stored = resource.stored else {
            throw Problem(text: "paramKind kind `\(kind.goText)` not known")
        }
        let place = try place(resource, reference, namespace)
        let found = try await find(resource, stored, reference, place)
        if found.isEmpty, reference.deniesWithout {
            throw Problem(text: "no params found for policy binding with `Deny` parameterNotFoundAction")
        }
        return found.map { CELValue(.object($0)) }
    }

    private func place(
        _ resource: ResourceDefinition, _ reference: PolicyBinding.ParamRef, _ namespace: String
    ) throws(Problem) -> String {
        guard resource.isNamespaced else {
            guard reference.namespace.isEmpty else {
                throw Problem(text: "paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
            }
            return ""
        }
        let place = reference.namespace.isEmpty ? namespace : reference.namespace
        guard !place.isEmpty else {
            throw Problem(text: "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
        }
        return place
    }

    private func find(
        _ resource: ResourceDefinition, _ stored: ResourceDefinition.Stored, _ reference: PolicyBinding.ParamRef, _ place: String
    ) async throws(Problem) -> [JSONObject] {
        do throws(Status) {
            let server = objects.server
            if let selector = reference.selector {
                let items = try await server.items(stored.location, prefix: stored.location.prefix(namespace: place))
                try await server.prepare(items, for: resource)
                return items.map { resource.object($0) }.filter { selector.matches($0.labels) }
            }
            let key = stored.location.key(namespace: place, name: reference.name)
            guard let item = try await server.item(stored.location, key) else { return [] }
            try await server.prepare([item], for: resource)
            return [resource.object(item)]
        } catch {
            throw Problem(text: error.message)
        }
    }
}

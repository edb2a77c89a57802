internal import APIMachinery
internal import KubernetesAPI

/// The objects of a request as a webhook sees them, and back.
///
/// The server holds a write in the version of the request. A webhook sees it in the version that its rule names; a write of `scale` as a
/// Scale; and a creation without what only the server says later: uid, time, a generated name.
struct WebhookView: Sendable {
    let resource: ResourceDefinition
    let requested: ResourceDefinition
    let scale: ScalePaths?
    private let hiddenMetadata: JSONObject
    private let server: APIServer

    /// - Parameter isMutating: Validating webhooks see a new object complete.
    init(_ matched: MatchedResource, _ attributes: AdmissionAttributes, _ objects: ObjectReader, isMutating: Bool) {
        server = objects.server
        resource = matched.resource
        requested = attributes.resource
        scale = attributes.subresource == "scale" ? attributes.resource.stored?.strategy.scale : nil
        var hidden = JSONObject()
        if isMutating, attributes.operation == .create, attributes.subresource.isEmpty, let metadata = attributes.object?.metadata {
            for name in ["uid", "creationTimestamp"] + (attributes.isNameGenerated ? ["name"] : []) { hidden[name] = metadata[name] }
        }
        hiddenMetadata = hidden
    }

    /// - Throws: When a webhook that is to convert it fails.
    func shown(_ object: JSONObject) async throws(Status) -> JSONObject {
        if let scale {
            return APIServer.scale(of: object, scale)
        }
        var object = try await server.converted(object, from: requested, to: resource)
        for member in hiddenMetadata.members {
            object.setMetadata(member.key, member.key == "creationTimestamp" ? .null : nil)
        }
        return object
    }

    /// The object that a webhook has made of `shown(original)`, in the request's version and with all defaults.
    ///
    /// - Throws: When it is no object of its kind any more.
    func takenBack(_ changed: JSONObject, original: JSONObject) async throws(Status) -> JSONObject {
        if let scale {
            let replicas = changed["spec"]?["replicas"] ?? 0
            guard replicas.integerValue != nil else { throw .internalError("spec.replicas of a Scale is no number: \(replicas)") }
            var value = JSONValue.object(original)
            value.set(replicas, at: scale.specReplicas.split(separator: ".").map(String.init)[...])
            return value.objectValue ?? original
        }
        // Options, bindings and evictions have no strategy of their own.
        guard let strategy = resource.stored?.strategy, changed["kind"]?.stringValue == resource.kind.kind else { return changed }
        var object: JSONObject
        do throws(DecodingFailure) {
            object = try strategy.canonical(changed).object
        } catch {
            throw .internalError(error.message)
        }
        strategy.applyDefaults(to: &object)
        // A name may be chosen for an object that was to get any; the rest is the server's alone.
        for member in hiddenMetadata.members where member.key != "name" || object.name.isEmpty {
            object.setMetadata(member.key, member.value)
        }
        return try await server.converted(object, from: resource, to: requested)
    }
}

internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// Server-side apply on an object, or on a subresource of the same kind.
    func apply(
        _ context: inout RequestContext, _ format: ResponseFormat, _ options: WriteOptions, subresource: String
    ) async throws(Status) -> APIResponse {
        let body = try Self.appliedBody(context)
        let (server, name) = (self, context.info.name)
        var update = ObjectUpdate(name: name, subresource: subresource, options: options) { old, context throws(Status) in
            try server.applied(body, to: old, &context, options, subresource)
        }
        update.tracksFieldsItself = true
        if subresource.isEmpty {
            update.creation = { context throws(Status) in
                if !body.object.uid.isEmpty {
                    throw context.resource.conflict(
                        name,
                        "uid mismatch: the provided object specified uid \(body.object.uid), and no existing object was found")
                }
                var object = try server.applied(body, to: nil, &context, options, subresource)
                if object.name.isEmpty { object.setMetadata("name", .string(name)) }
                return object
            }
        }
        let written = try await perform(update, &context)
        let result = try await didWrite(written, context)
        return try await response(result, context, format, status: result.isCreated ? 201 : 200)
    }

    /// The configuration, which is YAML and so may be JSON.
    static func appliedBody(_ context: RequestContext) throws(Status) -> RequestBody {
        do throws(RequestBody.BodyError) {
            let isJSON = context.request.body.first { $0 > 0x20 } == UInt8(ascii: "{")
            let body = try RequestBody.decode(context.request.body, isJSON ? .json : .yaml, isConfiguration: true)
            let given = body.object.namespace
            guard given.isEmpty || given == context.namespace || !context.resource.isNamespaced else {
                throw RequestBody.BodyError(
                    text: "the namespace of the provided object does not match the namespace sent on the request")
            }
            return body
        } catch {
            throw .badRequest(error.text.hasPrefix("the namespace") ? error.text : "error decoding YAML: \(error.text)")
        }
    }

    private func applied(
        _ body: RequestBody, to old: JSONObject?, _ context: inout RequestContext, _ options: WriteOptions, _ subresource: String
    ) throws(Status) -> JSONObject {
        var configuration = body.object
        // Given, it says which state is meant; it is nobody's field.
        let version = configuration.resourceVersion
        if !version.isEmpty, let old, version != old.resourceVersion {
            throw context.resource.conflict(old.name, ResourceDefinition.modifiedMessage)
        }
        if let old, !configuration.uid.isEmpty, configuration.uid != old.uid {
            let error = FieldError.invalid(FieldPath("metadata", "uid"), .string(configuration.uid), "field is immutable")
            throw context.resource.invalid(old.name, [error, error])
        }
        configuration.setMetadata("resourceVersion", nil)
        let merged = try context.resource.fieldManager(subresource: subresource).apply(
            live: old, applied: configuration, manager: options.fieldManager, force: options.force, time: context.now)
        return try canonical(merged, problems: body.duplicates, &context, options.fieldValidation)
    }
}

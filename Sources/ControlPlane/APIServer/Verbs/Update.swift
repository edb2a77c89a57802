internal import APIMachinery

extension APIServer {
    /// PUT on an object.
    func update(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        try await replace(&context, subresource: "")
    }

    /// What other parts of the server must know of.
    ///
    /// - Returns: The write, with what those have added to the object.
    func didWrite(_ result: WriteResult, _ context: RequestContext) async throws(Status) -> WriteResult {
        guard context.info.subresource.isEmpty, result.item != nil else { return result }
        if isDefinition(context.resource) { try await definitionChanged(result.object.name, context) }
        return isPolicy(context.resource) ? try await policyChanged(result, context) : result
    }

    /// PUT on an object, or on a subresource of the same kind.
    func replace(_ context: inout RequestContext, subresource: String) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request)
        guard let strategy = context.resource.stored?.strategy else { throw .methodNotAllowed }
        let options = try WriteOptions(context.request, kind: "UpdateOptions")
        let object = try decodeBody(&context, options.fieldValidation)
        let name = context.info.name
        guard object.name.isEmpty || object.name == name else {
            throw .badRequest("the name of the object (\(object.name)) does not match the name on the URL (\(name))")
        }
        var checked = object
        try settleNamespace(of: &checked, context)
        var update = ObjectUpdate(name: name, subresource: subresource, options: options) { _, _ throws(Status) in object }
        update.allowsUnconditional = strategy.allowsUnconditionalUpdate || !subresource.isEmpty
        if strategy.allowsCreateOnUpdate, subresource.isEmpty {
            update.creation = { _ throws(Status) in
                var object = object
                if object.name.isEmpty { object.setMetadata("name", .string(name)) }
                return object
            }
        }
        let written = try await perform(update, &context)
        let result = try await didWrite(written, context)
        return try await response(result, context, format, status: result.isCreated ? 201 : 200)
    }
}

package import APIMachinery

extension APIServer {
    package func handle(_ request: APIRequest, from caller: Caller) async -> APIResponse {
        await handle(request, info: RequestInfo(request), from: caller)
    }

    /// - Parameter info: Of this request.
    package func handle(_ request: APIRequest, info: RequestInfo, from caller: Caller) async -> APIResponse {
        do throws(Status) {
            try authorize(request, info, caller)
            let timeout = try RequestTimeout(request, maximum: configuration.requestTimeout)
            // What only reads, answers out of memory: it can be late only for a client that says when.
            let service = aggregation.service(for: info)
            let isPrompt = service == nil && Self.readingVerbs.contains(info.verb)
            guard !info.isLongRunning, timeout.isExplicit || !isPrompt else {
                return try await handleAuthorized(request, info, caller, service)
            }
            return try await timeout.run(deadlines, on: configuration.executor) {
                do throws(Status) {
                    return .success(try await self.handleAuthorized(request, info, caller, service))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            return .status(error, request)
        }
    }

    private static let readingVerbs: Set<String> = ["get", "head", "list", "watch"]

    /// - Parameter service: Whose the request is; nil when it is this server's own.
    private func handleAuthorized(
        _ request: APIRequest, _ info: RequestInfo, _ caller: Caller, _ service: AggregatedService?
    ) async throws(Status) -> APIResponse {
        if let service, let connector = configuration.backends { return await passOn(request, to: service, from: caller, connector) }
        guard info.isResourceRequest else { return try await handleURL(request, info) }
        return try await handleResource(request, info, caller)
    }

    private func authorize(_ request: APIRequest, _ info: RequestInfo, _ caller: Caller) throws(Status) {
        let attributes: RequestAttributes
        if info.isResourceRequest {
            attributes = RequestAttributes(
                user: caller.user, verb: info.verb,
                resource: .init(
                    group: info.apiGroup, version: info.apiVersion, resource: info.resource, subresource: info.subresource,
                    namespace: info.namespace, name: info.name,
                    fieldSelector: request.parameter("fieldSelector").flatMap { try? FieldSelector(parsing: $0) }))
        } else {
            attributes = RequestAttributes(user: caller.user, verb: info.verb, path: info.path)
        }
        let decision = configuration.authorizer.authorize(attributes)
        guard decision.isAllowed else { throw .forbidden(attributes, reason: decision.reason) }
    }

    private func handleResource(_ request: APIRequest, _ info: RequestInfo, _ caller: Caller) async throws(Status) -> APIResponse {
        let registry = registry
        guard let resource = registry.resource(group: info.apiGroup, version: info.apiVersion, plural: info.resource) else {
            if !registry.hasGroup(info.apiGroup) { return .pathNotFound }
            throw .unknownResource
        }
        try checkScope(resource, info)
        var context = RequestContext(request: request, info: info, caller: caller, resource: resource, now: configuration.now())
        var response: APIResponse
        do throws(Status) { response = try await perform(&context) } catch { response = .status(error, request) }
        for value in context.warnings.headerValues { response.headers.append("Warning", value) }
        return response
    }

    private func checkScope(_ resource: ResourceDefinition, _ info: RequestInfo) throws(Status) {
        let isInNamespace = !info.namespace.isEmpty && !(info.resource == "namespaces" && info.apiGroup.isEmpty)
        if isInNamespace, !resource.isNamespaced { throw .unknownResource }
        if !isInNamespace, resource.isNamespaced, info.isNamed { throw .unknownResource }
    }

    private func perform(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let info = context.info
        guard info.subresource.isEmpty else {
            let isUnknown = context.resource.subresource(info.subresource) == nil
            if context.resource.isCustom, isUnknown { throw context.resource.notFound(info.name) }
            return try await performSubresource(&context)
        }
        // A collection across namespaces can only be read.
        let isAcross = context.resource.isNamespaced && info.namespace.isEmpty
        let hasVerb = context.resource.verbs.contains(info.verb)
        guard hasVerb, !isAcross || ["list", "watch"].contains(info.verb), (info.verb == "create") != info.isNamed || info.verb != "create",
            !["update", "patch"].contains(info.verb) || info.isNamed
        else { throw .methodNotAllowed }
        if let warning = context.resource.deprecationWarning { context.warnings.add(warning) }
        guard context.resource.stored != nil else { return try await createVirtual(&context) }
        switch info.verb {
        case "get": return try await get(context)
        case "list": return try await list(context)
        case "watch": return try await watch(context)
        case "create": return try await create(&context)
        case "update": return try await update(&context)
        case "patch": return try await patch(&context)
        case "delete": return try await delete(&context)
        case "deletecollection": return try await deleteCollection(&context)
        default: throw .methodNotAllowed
        }
    }
}

internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// A request on `…/NAME/SUBRESOURCE`.
    func performSubresource(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let name = context.info.subresource
        guard let subresource = context.resource.subresource(name) else { throw .unknownResource }
        guard subresource.verbs.contains(context.info.verb), context.info.isNamed else { throw .methodNotAllowed }
        if context.resource.plural == "pods" || name == "proxy", ["log", "exec", "attach", "portforward", "proxy"].contains(name) {
            return try await stream(&context)
        }
        switch name {
        case "scale": return try await scale(&context)
        case "binding": return try await bind(&context)
        case "eviction": return try await evict(&context)
        case "token": return try await createVirtual(&context)
        default: return try await sameKind(&context, name)
        }
    }

    /// A subresource that shows the object itself and takes a part of it: status, approval, finalize, ephemeralcontainers, resize.
    private func sameKind(_ context: inout RequestContext, _ name: String) async throws(Status) -> APIResponse {
        switch context.info.verb {
        case "get": return try await get(context)
        case "update": return try await replace(&context, subresource: name)
        case "patch": return try await patch(&context, subresource: name)
        default: throw .methodNotAllowed
        }
    }

    /// A creation of something that is only answered: a review, a token; and a Binding of the old form.
    func createVirtual(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        guard context.info.verb == "create" else { return try await readVirtual(context) }
        if context.resource.plural == "bindings" { return try await bind(&context) }
        let format = try ResponseFormat.negotiated(context.request)
        let options = try WriteOptions(context.request, kind: "CreateOptions")
        let isSub = !context.info.subresource.isEmpty
        let kind = context.resource.kind(ofSubresource: context.info.subresource)
        let object = try await admitConnected(
            try decodeForeign(context, kind), .create, context.info.subresource, .write(options), options.isDryRun, &context)
        if isSub { _ = try await requestedItem(context) }
        guard let virtual = configuration.virtualResources else {
            throw Status(
                code: 501, reason: StatusReason(rawValue: "NotImplemented"), message: "\(kind.kind) is not supported by this server")
        }
        let answer = try await virtual.create(
            resource: context.resource.plural, subresource: context.info.subresource, namespace: context.namespace,
            name: isSub ? context.info.name : "", object: object, caller: context.caller.user)
        return try encoder(context, format).response(answer, status: 201)
    }

    /// Figures of nodes and pods; and ComponentStatus, though no component is watched here.
    private func readVirtual(_ context: RequestContext) async throws(Status) -> APIResponse {
        if context.resource.group == MetricsResources.group, let connector = configuration.backends {
            return try await readMetrics(context, connector)
        }
        guard context.resource.plural == "componentstatuses" else { throw .methodNotAllowed }
        if context.info.verb == "get" { throw context.resource.notFound(context.info.name) }
        let format = try ResponseFormat.negotiated(context.request)
        return try encoder(context, format).list([], metadata: JSONObject())
    }

    /// Reads a body of another kind than the resource's.
    func decodeForeign(_ context: RequestContext, _ kind: GroupVersionKind) throws(Status) -> JSONObject {
        let body = try RequestBody(context.request, kind: kind)
        var object = body.object
        if (object["apiVersion"]?.stringValue ?? "").isEmpty { object["apiVersion"] = .string(kind.apiVersion) }
        if (object["kind"]?.stringValue ?? "").isEmpty { object["kind"] = .string(kind.kind) }
        let given = GroupVersionKind(apiVersion: object["apiVersion"]?.stringValue ?? "", kind: object["kind"]?.stringValue ?? "")
        guard given.kind == kind.kind, given.group == kind.group else {
            let package = kind.group.split(separator: ".").first.map(String.init) ?? "core"
            throw .badRequest(
                "\(given.kind) in version \(given.version.quoted) cannot be handled as a \(kind.kind): "
                    + "converting (\(given.version).\(given.kind)) to (\(package).\(kind.kind)): unknown conversion")
        }
        return object
    }

    /// What is answered by a node agent, a pod or a service.
    private func stream(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        guard let backends = configuration.backends else {
            throw Status(
                code: 501, reason: StatusReason(rawValue: "NotImplemented"),
                message: "\(context.resource.plural)/\(context.info.subresource) is not supported by this server")
        }
        switch context.info.subresource {
        case "log": return try await podLog(context, backends)
        case "proxy": return try await proxy(&context, backends)
        default: return try await podStream(&context, backends)
        }
    }
}

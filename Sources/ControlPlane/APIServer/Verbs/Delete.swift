internal import APIMachinery
internal import KubernetesAPI
internal import Storage

/// What a deletion has come to.
struct DeletionResult: Sendable {
    /// The object as it remains, or as it was last.
    var object: JSONObject
    var isGone: Bool
}

extension APIServer {
    /// DELETE on an object.
    func delete(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request)
        let options = try deletionOptions(context)
        warnOfOrphans(options, &context)
        let result = try await delete(context.info.name, options, &context)
        if isDefinition(context.resource), !options.isDryRun { try await finishDeletion(ofDefinition: context.info.name, context) }
        return try answer(result, options, context, format)
    }

    /// A job that is deleted without a word about its pods leaves them; few expect it.
    private func warnOfOrphans(_ options: DeletionOptions, _ context: inout RequestContext) {
        guard context.resource.plural == "jobs", context.resource.group == "batch", options.propagation == nil,
            options.orphanDependents == nil
        else { return }
        context.warnings.add(
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
                + "propagationPolicy=Orphan to suppress this warning")
    }

    func deletionOptions(_ context: RequestContext) throws(Status) -> DeletionOptions {
        guard !context.request.body.isEmpty else { return try DeletionOptions(context.request, body: nil) }
        guard context.request.body.count <= RequestBody.maxBytes else { throw RequestBody.tooLarge }
        let encoding = try RequestBody.encoding(of: context.request)
        do throws(RequestBody.BodyError) {
            let body = try RequestBody.decode(context.request.body, encoding)
            try Self.checkOptionsKind(body.object)
            return try Self.options(context.request, body.object)
        } catch {
            throw error.status ?? .badRequest(error.text)
        }
    }

    private static func options(_ request: APIRequest, _ body: JSONObject) throws(RequestBody.BodyError) -> DeletionOptions {
        let result: Result<DeletionOptions, Status>
        do throws(Status) { result = .success(try DeletionOptions(request, body: .object(body))) } catch { result = .failure(error) }
        switch result {
        case .success(let options): return options
        case .failure(let status): throw RequestBody.BodyError(text: status.message, status: status)
        }
    }

    private static func checkOptionsKind(_ object: JSONObject) throws(RequestBody.BodyError) {
        guard let kind = object["kind"]?.stringValue, !kind.isEmpty, kind != "DeleteOptions" else { return }
        let version = object["apiVersion"]?.stringValue ?? ""
        throw RequestBody.BodyError(
            text: "no kind \(kind.quoted) is registered for version \(version.quoted) in scheme "
                + "\"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"")
    }

    /// Deletes, or marks for deletion.
    func delete(_ name: String, _ options: DeletionOptions, _ context: inout RequestContext) async throws(Status) -> DeletionResult {
        guard let stored = context.resource.stored else { throw .methodNotAllowed }
        let key = stored.location.key(namespace: context.namespace, name: name)
        var current = try await item(stored.location, key)
        while let item = current {
            try await prepare([item], for: context.resource)
            let old = context.resource.object(item)
            try checkPreconditions(options, old, context.resource)
            var attributes = AdmissionAttributes(
                operation: .delete, resource: context.resource, subresource: "", namespace: context.namespace, name: name,
                object: nil, old: old, user: context.caller.user, isDryRun: options.isDryRun, now: context.now)
            attributes.options = .deletion(options)
            // An eviction has been through admission as what it is.
            attributes.isInternalStep = !context.info.subresource.isEmpty
            try await mutate(&attributes, &context)
            try await validate(&attributes, &context)
            let plan = DeletionPlan(old, options, stored.strategy, context)
            var storedMark: JSONObject?
            if let marked = plan.marked, !options.isDryRun { storedMark = try await storedForm(of: marked, stored) }
            do throws(StorageError) {
                return try await carryOut(plan, storedMark, item, old, key, stored, isDryRun: options.isDryRun)
            } catch {
                guard case .conflict(let newer) = error else { throw Status(error, "delete \(key)") }
                current = newer.flatMap { StoredItem($0, stored.location.form) }
            }
        }
        throw context.resource.notFound(name)
    }

    private func carryOut(
        _ plan: DeletionPlan, _ storedMark: JSONObject?, _ item: StoredItem, _ old: JSONObject, _ key: String,
        _ stored: ResourceDefinition.Stored, isDryRun: Bool
    ) async throws(StorageError) -> DeletionResult {
        var object = plan.marked ?? old
        var revision = item.modRevision
        if let storedMark, object != old, !isDryRun {
            let written = try await put(storedMark, key: key, stored, if: .revision(revision))
            revision = written.modRevision
            object.setResourceVersion(String(revision))
        }
        guard plan.isImmediate else { return DeletionResult(object: object, isGone: false) }
        if !isDryRun {
            let deletion = try await storage.delete(key, if: .revision(revision))
            object.setResourceVersion(String(deletion))
        }
        return DeletionResult(object: object, isGone: true)
    }

    private func checkPreconditions(_ options: DeletionOptions, _ old: JSONObject, _ resource: ResourceDefinition) throws(Status) {
        func conflict(_ why: String) -> Status {
            .conflict(resource: resource.kind.kind, group: resource.group, name: old.name, why)
        }
        if let uid = options.uidPrecondition, uid != old.uid {
            throw conflict(
                "the UID in the precondition (\(uid)) does not match the UID in record (\(old.uid)). "
                    + "The object might have been deleted and then recreated")
        }
        if let version = options.versionPrecondition, version != old.resourceVersion {
            throw conflict(
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(old.resourceVersion)). The object might have been modified")
        }
    }

    private func answer(
        _ result: DeletionResult, _ options: DeletionOptions, _ context: RequestContext, _ format: ResponseFormat
    ) throws(Status) -> APIResponse {
        let status = !result.isGone && options.orphanDependents == false ? 202 : 200
        if !result.isGone || Self.returnsDeleted(context.resource) {
            return try encoder(context, format).response(result.object, status: status)
        }
        var details = Status.Details()
        details.name = result.object.name
        details.group = context.resource.group
        details.kind = context.resource.plural
        details.uid = result.object.uid
        let success = Status(isSuccess: true, code: 200, reason: .unknown, message: "", details: details)
        var object = success.json.objectValue ?? JSONObject()
        object["code"] = nil
        var plain = format
        plain.transform = .none
        return .body(try ResponseEncoder.encode(object, plain), plain, status: status)
    }

    /// Kinds whose deletion is answered with the object as it was.
    private static func returnsDeleted(_ resource: ResourceDefinition) -> Bool {
        let core = [
            "pods", "services", "serviceaccounts", "resourcequotas", "podtemplates", "persistentvolumes", "persistentvolumeclaims",
        ]
        if resource.group.isEmpty { return core.contains(resource.plural) }
        return resource.group == "storage.k8s.io"
            && ["storageclasses", "volumeattachments", "csidrivers", "csinodes"].contains(resource.plural)
    }
}

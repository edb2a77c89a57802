internal import APIMachinery
internal import KubernetesAPI
internal import Storage

extension APIServer {
    /// POST on a collection.
    func create(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request)
        let options = try WriteOptions(context.request, kind: "CreateOptions")
        let object = try decodeBody(&context, options.fieldValidation)
        var result = try await create(object, &context, options)
        if isPolicy(context.resource), result.item != nil { result = try await policyChanged(result, context) }
        if isDefinition(context.resource), result.item != nil { try await definitionChanged(result.object.name, context) }
        return try await response(result, context, format, status: 201)
    }

    /// Creates an object that has been decoded and defaulted.
    ///
    /// - Parameter tracksFields: False when its managedFields have been made already: by an apply.
    func create(
        _ object: JSONObject, _ context: inout RequestContext, _ options: WriteOptions, tracksFields: Bool = true
    ) async throws(Status) -> WriteResult {
        guard let stored = context.resource.stored else { throw .methodNotAllowed }
        var object = object
        try settleNamespace(of: &object, context)
        guard ["", "0"].contains(object.resourceVersion) else {
            // Upstream lets this error through as it is.
            throw Status(code: 500, reason: .unknown, message: "resourceVersion should not be set on objects to be created")
        }
        let generatePrefix = object.name.isEmpty ? object.metadataText("generateName") : ""
        for attempt in 1... {
            var candidate = object
            if !generatePrefix.isEmpty { candidate.setMetadata("name", .string(generatedName(generatePrefix))) }
            do throws(Status) {
                return try await create(
                    named: candidate, stored, &context, options, tracksFields, isNameGenerated: !generatePrefix.isEmpty)
            } catch {
                // A name made up here may be tried again with another, as often as upstream does.
                guard error.reason == .alreadyExists, !generatePrefix.isEmpty, attempt < 8 else { throw error }
            }
        }
        throw .internalError("no name was found")
    }

    private func create(
        named object: JSONObject, _ stored: ResourceDefinition.Stored, _ context: inout RequestContext, _ options: WriteOptions,
        _ tracksFields: Bool, isNameGenerated: Bool
    ) async throws(Status) -> WriteResult {
        var object = object
        setSystemFields(&object, context.now)
        Self.joinOwners(of: &object, &context)
        if tracksFields { FieldTracking.didCreate(&object, context, options) }
        var attributes = AdmissionAttributes(
            operation: .create, resource: context.resource, subresource: "", namespace: context.namespace, name: object.name,
            object: object, old: nil, user: context.caller.user, isDryRun: options.isDryRun, now: context.now)
        attributes.options = .write(options)
        attributes.isNameGenerated = isNameGenerated
        try await mutate(&attributes, &context)
        object = attributes.object ?? object
        stored.strategy.prepareForCreate(&object)
        if let generation = object.metadata["generation"] {
            // In its place, where every reader finds it.
            object.setMetadata("generation", nil)
            object.setMetadata("generation", generation)
        }
        let problems = stored.strategy.validate(object)
        guard problems.isEmpty else { throw context.resource.invalid(object.name, problems) }
        context.warnings.add(contentsOf: stored.strategy.warnings(object, old: nil))
        attributes.object = object
        try await validate(&attributes, &context)
        try checkEscalation(object, old: nil, context)
        let key = stored.location.key(namespace: context.namespace, name: object.name)
        if options.isDryRun { return try await dryRun(creating: object, key, stored, context) }
        let storedObject: JSONObject
        do throws(Status) { storedObject = try await storedForm(of: object, stored) } catch {
            await admission.didFail(attributes, objects)
            throw error
        }
        do throws(StorageError) {
            let item = try await put(storedObject, key: key, stored, if: .absent)
            object.setResourceVersion(String(item.modRevision))
            return WriteResult(object: object, item: item, isCreated: true)
        } catch {
            await admission.didFail(attributes, objects)
            if case .conflict(let current?) = error { throw existing(current, context.resource, object.name, stored) }
            throw Status(error, "create \(key)")
        }
    }

    private func dryRun(
        creating object: JSONObject, _ key: String, _ stored: ResourceDefinition.Stored, _ context: RequestContext
    ) async throws(Status) -> WriteResult {
        if let item = try await item(stored.location, key) {
            throw existing(
                StoredObject(key: key, value: item.value, createRevision: item.createRevision, modRevision: item.modRevision),
                context.resource, object.name, stored)
        }
        return WriteResult(object: object, item: nil, isCreated: true)
    }

    private func existing(
        _ current: StoredObject, _ resource: ResourceDefinition, _ name: String, _ stored: ResourceDefinition.Stored
    ) -> Status {
        var status = resource.alreadyExists(name)
        let object = stored.location.form.object(current.value, revision: current.modRevision)
        if object.isBeingDeleted { status.message = "object is being deleted: \(status.message)" }
        return status
    }

    /// What the server alone decides about a new object.
    func setSystemFields(_ object: inout JSONObject, _ now: Timestamp) {
        for name in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
            object.setMetadata(name, nil)
        }
        object.setMetadata("uid", .string(configuration.identifiers.uid()))
        object.setMetadata("creationTimestamp", .string(now.description))
    }

    /// Names each owner once.
    static func joinOwners(of object: inout JSONObject, _ context: inout RequestContext) {
        guard let owners = object["metadata"]?["ownerReferences"]?.arrayValue, owners.count > 1 else { return }
        var seen: Set<String> = []
        var repeated: [String] = []
        let kept = owners.filter { owner in
            let uid = owner["uid"]?.stringValue ?? ""
            guard !seen.insert(uid).inserted else { return true }
            repeated.append(uid)
            return false
        }
        guard !repeated.isEmpty else { return }
        object.setMetadata("ownerReferences", .array(kept))
        context.warnings.add(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests "
                + "as early as 1.24; please fix your requests; duplicate UID(s) observed: \(repeated.joined(separator: ", "))")
    }

    /// The prefix, cut to 58 bytes, with five characters.
    private func generatedName(_ prefix: String) -> String {
        String(decoding: prefix.utf8.prefix(58), as: UTF8.self) + configuration.identifiers.nameSuffix()
    }

    /// A role or binding may not give more than its writer has.
    func checkEscalation(_ object: JSONObject, old: JSONObject?, _ context: RequestContext) throws(Status) {
        guard context.resource.group == "rbac.authorization.k8s.io", let check = configuration.escalationCheck else { return }
        try check.checkEscalation(
            resource: context.resource.plural, namespace: context.namespace, object: .object(object),
            old: old.map { .object($0) }, by: context.caller.user)
    }
}

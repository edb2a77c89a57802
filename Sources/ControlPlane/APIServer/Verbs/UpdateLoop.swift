internal import APIMachinery
internal import KubernetesAPI
internal import Storage

/// One update of one object, whatever makes its new state: a PUT, a patch, a subresource.
struct ObjectUpdate: Sendable {
    var name: String
    /// Empty for the object itself.
    var subresource = ""
    var options = WriteOptions()
    /// The new object is created if there is none.
    var allowsCreation = false
    /// A new object without a resourceVersion replaces whatever is there.
    var allowsUnconditional = true
    /// Makes the new object; called again with a newer one when somebody else was faster.
    var transform: @Sendable (JSONObject, inout RequestContext) throws(Status) -> JSONObject
    /// Makes the object that is created, if it is.
    var creation: (@Sendable (inout RequestContext) throws(Status) -> JSONObject)?
    /// What a patch sets is checked where what a PUT sends is overruled.
    var isPatch = false
    /// The managedFields are made by the transform itself: an apply.
    var tracksFieldsItself = false
    /// A step of another request, which has been admitted as what it is.
    var isInternalStep = false
}

extension APIServer {
    /// Reads, changes and writes an object until nobody comes in between.
    func perform(_ update: ObjectUpdate, _ context: inout RequestContext) async throws(Status) -> WriteResult {
        guard let stored = context.resource.stored else { throw .methodNotAllowed }
        let key = stored.location.key(namespace: context.namespace, name: update.name)
        var current = try await item(stored.location, key)
        for _ in 0..<Self.attemptsMax {
            guard let item = current else {
                guard let creation = update.creation else { throw context.resource.notFound(update.name) }
                return try await create(
                    try creation(&context), &context, update.options, tracksFields: !update.tracksFieldsItself)
            }
            var attempt = context
            let result: Attempt
            do throws(Status) {
                result = try await apply(update, to: item, stored, key, &attempt)
            } catch {
                context.warnings = attempt.warnings
                throw error
            }
            switch result {
            case .done(let result):
                context = attempt
                return result
            case .outdated(let newer): current = newer.flatMap { StoredItem($0, stored.location.form) }
            }
        }
        throw context.resource.conflict(update.name, ResourceDefinition.modifiedMessage)
    }

    private static let attemptsMax = 100

    private enum Attempt: Sendable {
        case done(WriteResult)
        /// Somebody else was faster; with what is there now.
        case outdated(StoredObject?)
    }

    private func apply(
        _ update: ObjectUpdate, to item: StoredItem, _ stored: ResourceDefinition.Stored, _ key: String, _ context: inout RequestContext
    ) async throws(Status) -> Attempt {
        try await prepare([item], for: context.resource)
        let old = context.resource.object(item)
        var object = try update.transform(old, &context)
        try checkIdentity(&object, old, update, stored.strategy, context)
        Self.keepSystemFields(&object, old)
        Self.joinOwners(of: &object, &context)
        if !update.tracksFieldsItself {
            FieldTracking.didUpdate(&object, old: old, context, update.options, subresource: update.subresource)
        }
        var attributes = AdmissionAttributes(
            operation: .update, resource: context.resource, subresource: update.subresource, namespace: context.namespace,
            name: update.name, object: object, old: old, user: context.caller.user, isDryRun: update.options.isDryRun, now: context.now)
        attributes.options = .write(update.options)
        attributes.isInternalStep = update.isInternalStep
        try await mutate(&attributes, &context)
        object = attributes.object ?? object
        stored.strategy.prepareForUpdate(&object, old: old, subresource: update.subresource)
        // Upstream does not count the choice of a node as a change of what is wanted.
        if update.subresource == "binding" { object.setMetadata("generation", old.metadata["generation"]) }
        // The metadata is checked with that of every kind, and again with the rules of this one: upstream's causes name it twice.
        let problems =
            ObjectMetaRules.validateUpdate(object["metadata"], old: old["metadata"], isNamespaced: context.resource.isNamespaced)
            .filter { !ObjectMetaRules.isOfBuiltInKinds($0) }
            + stored.strategy.validateUpdate(object, old: old, subresource: update.subresource)
        guard problems.isEmpty else { throw context.resource.invalid(update.name, problems) }
        context.warnings.add(contentsOf: stored.strategy.warnings(object, old: old))
        attributes.object = object
        try await validate(&attributes, &context)
        try checkEscalation(object, old: old, context)
        object.setResourceVersion(old.resourceVersion)
        // Nothing has changed: nothing is written, nobody is told.
        object = ManagedFields.withoutMereTimes(object, live: old)
        if object == old { return .done(WriteResult(object: old, item: item)) }
        return try await write(object, over: item, stored, key, update.options.isDryRun, attributes)
    }

    private func write(
        _ object: JSONObject, over item: StoredItem, _ stored: ResourceDefinition.Stored, _ key: String, _ isDryRun: Bool,
        _ attributes: AdmissionAttributes
    ) async throws(Status) -> Attempt {
        if isDryRun { return .done(WriteResult(object: object)) }
        let storedObject: JSONObject
        do throws(Status) { storedObject = try await storedForm(of: object, stored) } catch {
            await admission.didFail(attributes, objects)
            throw error
        }
        do throws(StorageError) {
            if Self.isFinished(object, attributes) {
                let revision = try await storage.delete(key, if: .revision(item.modRevision))
                var object = object
                object.setResourceVersion(String(revision))
                return .done(WriteResult(object: object))
            }
            let written = try await put(storedObject, key: key, stored, if: .revision(item.modRevision))
            var object = object
            object.setResourceVersion(String(written.modRevision))
            return .done(WriteResult(object: object, item: written))
        } catch {
            await admission.didFail(attributes, objects)
            if case .conflict(let newer) = error { return .outdated(newer) }
            throw Status(error, "update \(key)")
        }
    }

    /// An object that was to be deleted and that nobody holds back any more goes with the write that lets it go.
    private static func isFinished(_ object: JSONObject, _ attributes: AdmissionAttributes) -> Bool {
        guard object.isBeingDeleted, object.finalizers.isEmpty else { return false }
        if attributes.isFor("namespaces", subresource: attributes.subresource) {
            return (object["spec"]?["finalizers"]?.arrayValue ?? []).isEmpty
        }
        return (object.metadata["deletionGracePeriodSeconds"]?.integerValue ?? 0) == 0
    }

    /// The new object must be the same one: name, namespace, uid, and the version that its writer knew.
    private func checkIdentity(
        _ object: inout JSONObject, _ old: JSONObject, _ update: ObjectUpdate, _ strategy: any ObjectStrategy, _ context: RequestContext
    ) throws(Status) {
        let resource = context.resource
        if object.name.isEmpty { object.setMetadata("name", .string(update.name)) }
        guard object.name == update.name else {
            throw .badRequest("the name of the object (\(object.name)) does not match the name on the URL (\(update.name))")
        }
        try settleNamespace(of: &object, context)
        if update.isPatch { try checkImmutable(object, old, update.name, resource) }
        if !object.uid.isEmpty, object.uid != old.uid {
            throw resource.conflict(
                update.name, "Precondition failed: UID in precondition: \(object.uid), UID in object meta: \(old.uid)")
        }
        let version = object.resourceVersion
        if version.isEmpty {
            guard update.allowsUnconditional else {
                throw .invalid(
                    kind: resource.plural, group: resource.group, name: update.name,
                    [.invalid(FieldPath("metadata", "resourceVersion"), 0, "must be specified for an update")])
            }
        } else if version != old.resourceVersion {
            guard UInt64(version) != nil else {
                throw Status(code: 500, reason: .unknown, message: "strconv.ParseUint: parsing \(version.quoted): invalid syntax")
            }
            throw resource.conflict(update.name, ResourceDefinition.modifiedMessage)
        }
    }

    private func checkImmutable(
        _ object: JSONObject, _ old: JSONObject, _ name: String, _ resource: ResourceDefinition
    ) throws(Status) {
        for field in ["uid", "deletionTimestamp"] {
            guard let value = object.metadata[field], !value.isNull, value != old.metadata[field] else { continue }
            // With the metadata of every kind, and again with the rules of this one.
            let error = FieldError.invalid(FieldPath("metadata", field), value, "field is immutable")
            throw resource.invalid(name, [error, error])
        }
    }

    /// What no writer can change.
    private static func keepSystemFields(_ object: inout JSONObject, _ old: JSONObject) {
        for name in ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            object.setMetadata(name, old.metadata[name])
        }
        object.setMetadata("selfLink", nil)
    }
}

package import APIMachinery

/// Server-side apply, and the tracking of who owns which fields on every other write, for the objects of one kind.
///
/// Follows upstream's `managedfields` package: the same entries, the same conflicts, the same words.
package struct FieldManager: Sendable {
    /// An object in another version of its kind.
    package typealias Conversion = @Sendable (_ object: JSONObject, _ apiVersion: String) -> (JSONObject, ApplyType)?

    package let kind: GroupVersionKind
    package let type: ApplyType
    /// Empty for the resource itself.
    package let subresource: String
    /// What the endpoint puts back to what it was, and so never owns.
    package let resetFields: FieldSet
    private let convert: Conversion

    /// More managers that update are joined into one, the oldest first.
    static let maxUpdateManagers = 10
    static let joinedManagerName = "ancient-changes"
    static let firstManagerName = "before-first-apply"

    /// - Parameters:
    ///   - kind: As the request names it.
    ///   - resetFields: As `ResetFields` has them for built-in kinds.
    ///   - convert: Asked for entries of other versions. Where it has no answer, the version is no more, and the
    ///     entry is dropped.
    package init(
        kind: GroupVersionKind, type: ApplyType, subresource: String = "", resetFields: FieldSet = FieldSet(),
        convert: @escaping Conversion = { _, _ in nil }
    ) {
        self.kind = kind
        self.type = type
        self.subresource = subresource
        self.resetFields = resetFields
        self.convert = convert
    }

    private var apiVersion: String { kind.apiVersion }

    private func manager(_ name: String, _ operation: ManagedFields.Manager.Operation) -> ManagedFields.Manager {
        .init(
            name: name.isEmpty ? "unknown" : name, operation: operation, apiVersion: apiVersion,
            subresource: subresource)
    }
}

// MARK: - Update

extension FieldManager {
    /// Tracks a create, update or patch.
    ///
    /// - Parameters:
    ///   - live: The object before; nil when it is made now.
    ///   - new: The object to be stored. Entries in it count before those of the live object, but for subresources.
    ///   - manager: The `fieldManager` of the request, or the user agent up to its first slash.
    /// - Returns: The new object with its entries.
    package func update(live: JSONObject?, new: JSONObject, manager name: String, time: Timestamp) -> JSONObject {
        let given = new["metadata"]?["managedFields"]
        var managed = ManagedFields.readable(of: live ?? JSONObject())
        if subresource.isEmpty {
            if ManagedFields.isReset(given) {
                managed = ManagedFields()
            } else if let given, given != live?["metadata"]?["managedFields"],
                let read = try? ManagedFields(json: given), !read.isEmpty
            {
                managed = read
            }
        }
        var result = ManagedFields.removed(from: new)
        // An object that nobody has tracked begins to be with its creation or its first apply.
        if live == nil || !managed.isEmpty {
            track(from: live ?? JSONObject(), to: result, manager(name, .update), time, in: &managed)
        }
        managed.write(to: &result)
        return result
    }

    private func track(
        from live: JSONObject, to new: JSONObject, _ manager: ManagedFields.Manager, _ time: Timestamp,
        in managed: inout ManagedFields
    ) {
        let live = ManagedFields.removed(from: live)
        reconcile(&managed)
        let differences = Differences(live: live, new: new, manager: self)
        let changes = differences.own
        if !changes.isEmpty {
            differences.takeChanges(from: &managed, except: nil)
            let taken = changes.added.union(changes.modified).subtracting(FieldManager.strippedFields)
            if !taken.isEmpty {
                var entry = managed[manager] ?? .init(manager: manager, apiVersion: apiVersion, time: nil, fields: .init())
                entry.fields = entry.fields.union(taken)
                entry.apiVersion = apiVersion
                entry.time = time
                managed[manager] = entry
            }
        }
        capUpdateManagers(&managed)
    }

    /// Joins the managers that updated longest ago when there are too many.
    private func capUpdateManagers(_ managed: inout ManagedFields) {
        var updaters = managed.entries.filter { $0.manager.operation == .update }
        guard updaters.count > Self.maxUpdateManagers else { return }
        updaters.sort { ($0.time?.seconds ?? 0, $0.manager) < ($1.time?.seconds ?? 0, $1.manager) }
        var count = updaters.count
        var firsts: [String: ManagedFields.Manager] = [:]
        for updater in updaters where count > Self.maxUpdateManagers {
            guard let first = firsts[updater.apiVersion] else {
                firsts[updater.apiVersion] = updater.manager
                continue
            }
            let joined = ManagedFields.Manager(
                name: Self.joinedManagerName, operation: .update, apiVersion: updater.apiVersion)
            if managed[joined] == nil, let oldest = managed[first] {
                managed[first] = nil
                managed[joined] = .init(
                    manager: joined, apiVersion: oldest.apiVersion, time: oldest.time, fields: oldest.fields)
            }
            if var bucket = managed[joined] {
                bucket.fields = updater.fields.union(bucket.fields)
                bucket.time = updater.time
                managed[joined] = bucket
            }
            managed[updater.manager] = nil
            count -= 1
        }
    }
}

// MARK: - Apply

extension FieldManager {
    /// Applies a configuration.
    ///
    /// - Parameters:
    ///   - live: The object as it is; nil when it is made now.
    ///   - applied: The request's body.
    ///   - manager: The request's `fieldManager`.
    ///   - force: Takes fields that others own with other values.
    /// - Returns: The merged object, with entries, without defaults. It equals the live object, but for its entries,
    ///   when nothing is to change; then no time is set.
    /// - Throws: 400 for another kind or version or given managedFields, 500 for what does not fit the schema, 409 for
    ///   conflicts.
    package func apply(
        live: JSONObject?, applied: JSONObject, manager name: String, force: Bool, time: Timestamp
    ) throws(Status) -> JSONObject {
        try check(applied)
        var managed: ManagedFields
        do throws(ManagedFieldsError) {
            managed = try ManagedFields(json: live?["metadata"]?["managedFields"], isTrusted: true)
        } catch {
            throw Status(code: 500, reason: .unknown, message: "failed to decode managed fields: \(error)")
        }
        let base = ManagedFields.removed(from: live ?? JSONObject())
        if managed.isEmpty, live != nil {
            track(from: JSONObject(), to: base, manager(Self.firstManagerName, .update), time, in: &managed)
        }
        var result: JSONObject
        do throws(ApplyConflicts) {
            result = try merge(base, applied, name, force: force, time, into: &managed)
        } catch {
            result = try resolve(error, base, applied, name, time, in: &managed)
        }
        LastApplied.refresh(in: &result, manager: name, applied: applied)
        managed.write(to: &result)
        return result
    }

    private func check(_ applied: JSONObject) throws(Status) {
        let given = GroupVersionKind(
            apiVersion: applied["apiVersion"]?.stringValue ?? "", kind: applied["kind"]?.stringValue ?? "")
        guard given == kind else { throw .badRequest("invalid object type: \(given.goText)") }
        if let fields = applied["metadata"]?["managedFields"], !fields.isNull {
            throw .badRequest("metadata.managedFields must be nil")
        }
        guard !type.schema.isValid(.object(applied), type.root) else { return }
        guard let problems = TypedValue(.object(applied), type).problems else { return }
        let namespace = applied["metadata"]?["namespace"]?.stringValue ?? ""
        let name = applied["metadata"]?["name"]?.stringValue ?? ""
        throw Status(
            code: 500, reason: .unknown,
            message: "failed to create typed patch object (\(namespace)/\(name); \(given.goText)): \(problems)")
    }

    /// What client-side apply has left to the same user is no conflict; what is left of them is refused.
    private func resolve(
        _ conflicts: ApplyConflicts, _ live: JSONObject, _ applied: JSONObject, _ name: String, _ time: Timestamp,
        in managed: inout ManagedFields
    ) throws(Status) -> JSONObject {
        guard let allowed = LastApplied.ownedFields(of: live, manager: name, fieldManager: self) else {
            throw conflicts.status
        }
        let rest = conflicts.excluding(allowed)
        guard rest.isEmpty else { throw rest.status }
        do throws(ApplyConflicts) {
            return try merge(live, applied, name, force: true, time, into: &managed)
        } catch {
            throw error.status
        }
    }

    private func merge(
        _ live: JSONObject, _ applied: JSONObject, _ name: String, force: Bool, _ time: Timestamp,
        into managed: inout ManagedFields
    ) throws(ApplyConflicts) -> JSONObject {
        var working = managed
        reconcile(&working)
        let manager = manager(name, .apply)
        let last = working[manager]
        let fields = TypedValue(.object(applied), type).fieldSet.subtractingTrees(resetFields)
        working[manager] = .init(manager: manager, apiVersion: apiVersion, time: last?.time, fields: fields)

        let merged = type.merge(live, applied)
        let (new, compared) = last.map { prune(merged, $0, working) } ?? (merged, merged)
        let differences = Differences(live: live, new: compared, manager: self)
        let conflicts = differences.conflicts(in: working, except: manager)
        if !force, !conflicts.isEmpty { throw conflicts }
        differences.takeChanges(from: &working, except: manager)

        let owned = fields.subtracting(Self.strippedFields)
        var entry = ManagedFields.Entry(manager: manager, apiVersion: apiVersion, time: last?.time, fields: owned)
        if let last, last.fields == owned, last.apiVersion == apiVersion { entry = last }
        let isChanged = new != live
        if isChanged { entry.time = time }
        working[manager] = owned.isEmpty ? nil : entry
        managed = working
        return isChanged ? new : live
    }

    /// Every manager's fields as the schema is now.
    private func reconcile(_ managed: inout ManagedFields) {
        guard type.isCustom else { return }
        for index in managed.entries.indices where managed.entries[index].apiVersion == apiVersion {
            let fields = managed.entries[index].fields
            let reconciled = type.schema.reconciled(fields, type.root)
            if reconciled != fields { managed.entries[index].fields = reconciled }
        }
    }

    /// The object in another version, for entries that name fields in it.
    func converted(_ object: JSONObject, to version: String) -> (JSONObject, ApplyType)? {
        version == apiVersion ? (object, type) : convert(object, version)
    }

    /// What every object has, and nobody owns.
    static let strippedFields = FieldSet(
        paths: [
            [.field("apiVersion")], [.field("kind")], [.field("metadata")],
        ]
            + [
                "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
                "resourceVersion",
            ].map { [.field("metadata"), .field($0)] })
}

extension GroupVersionKind {
    /// As Go prints it: `apps/v1, Kind=Deployment`.
    fileprivate var goText: String { "\(group)/\(version), Kind=\(kind)" }
}

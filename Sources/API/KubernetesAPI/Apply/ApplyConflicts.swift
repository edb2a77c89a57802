internal import APIMachinery

/// Fields that an apply would change though others own them.
struct ApplyConflicts: Error {
    struct Conflict {
        let manager: ManagedFields.Manager
        let apiVersion: String
        let path: [PathElement]
    }

    /// By manager.
    private(set) var conflicts: [Conflict]

    init(_ conflicts: [Conflict]) { self.conflicts = conflicts }

    var isEmpty: Bool { conflicts.isEmpty }

    func excluding(_ fields: FieldSet) -> ApplyConflicts {
        ApplyConflicts(conflicts.filter { !fields.contains($0.path) })
    }

    /// 409 with a cause for each field.
    var status: Status {
        var details = Status.Details()
        details.causes = conflicts.map { conflict in
            Status.Cause(
                reason: "FieldManagerConflict", message: "conflict with \(conflict.managerText)",
                field: conflict.path.pathText)
        }
        return Status(code: 409, reason: .conflict, message: message, details: details)
    }

    private var message: String {
        if conflicts.count == 1 {
            let conflict = conflicts[0]
            return "Apply failed with 1 conflict: conflict with \(conflict.managerText): \(conflict.path.pathText)"
        }
        var lines: [String] = []
        for (index, conflict) in conflicts.enumerated() {
            if index == 0 || conflicts[index - 1].manager != conflict.manager {
                lines.append("conflicts with \(conflict.managerText):")
            }
            lines.append("- \(conflict.path.pathText)")
        }
        return "Apply failed with \(conflicts.count) conflicts: \(lines.joined(separator: "\n"))"
    }
}

extension ApplyConflicts.Conflict {
    fileprivate var managerText: String {
        var text = manager.name.quoted
        if !manager.subresource.isEmpty { text += " with subresource \(manager.subresource.quoted)" }
        if manager.operation == .update { text += " using \(manager.apiVersion)" }
        return text
    }
}

/// What a write changes, in each version in which managers name their fields.
struct Differences {
    /// In the request's version, without what the endpoint resets.
    let own: Comparison
    private let live: JSONObject
    private let new: JSONObject
    private let manager: FieldManager

    init(live: JSONObject, new: JSONObject, manager: FieldManager) {
        self.live = live
        self.new = new
        self.manager = manager
        own = manager.type.compare(live, new).excluding(manager.resetFields)
    }

    /// Nil for a version that is no more.
    private func comparison(in version: String) -> Comparison? {
        if version == manager.kind.apiVersion { return own }
        guard let (live, type) = manager.converted(live, to: version), let (new, _) = manager.converted(new, to: version)
        else { return nil }
        return type.compare(live, new).excluding(manager.resetFields)
    }

    func conflicts(in managed: ManagedFields, except own: ManagedFields.Manager) -> ApplyConflicts {
        var conflicts: [ApplyConflicts.Conflict] = []
        for entry in managed.entries.sorted(by: { $0.manager < $1.manager }) where entry.manager != own {
            guard let changes = comparison(in: entry.apiVersion), !changes.isEmpty else { continue }
            let taken = entry.fields.intersection(changes.modified.union(changes.added))
            conflicts += taken.paths.map { .init(manager: entry.manager, apiVersion: entry.apiVersion, path: $0) }
        }
        return ApplyConflicts(conflicts)
    }

    /// Takes changed and removed fields from those who own them; an entry without fields goes, as does one whose version
    /// is no more.
    func takeChanges(from managed: inout ManagedFields, except own: ManagedFields.Manager?) {
        managed.entries = managed.entries.compactMap { entry in
            if entry.manager == own { return entry }
            guard let changes = comparison(in: entry.apiVersion) else { return nil }
            let lost = changes.modified.union(changes.added).union(changes.removed)
            if lost.isEmpty { return entry }
            let fields = entry.fields
            let rest = fields.subtracting(lost)
            if rest.isEmpty { return nil }
            if rest == fields { return entry }
            var entry = entry
            entry.fields = rest
            return entry
        }
    }
}

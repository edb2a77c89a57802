package import APIMachinery

/// Carries ownership of the replicas between an object and its scale subresource.
package struct ScaleManagedFields: Sendable {
    private let parent: ManagedFields
    private let apiVersion: String
    private let replicas: FieldSet

    private static let scaleAPIVersion = "autoscaling/v1"
    private static let scaleReplicas: [PathElement] = [.field("spec"), .field("replicas")]

    /// - Parameters:
    ///   - parent: The object that is scaled.
    ///   - apiVersion: Of the parent, as the request names it.
    ///   - replicasPath: Members down to the replicas: `["spec", "replicas"]`, or a custom resource's path.
    package init(parent: JSONObject, apiVersion: String, replicasPath: [String]) {
        self.parent = ManagedFields.readable(of: parent)
        self.apiVersion = apiVersion
        replicas = FieldSet(paths: [replicasPath.map { .field($0) }])
    }

    private func ownsReplicas(_ entry: ManagedFields.Entry) -> Bool { !entry.fields.intersection(replicas).isEmpty }

    /// The entries that the Scale object shows.
    package var entriesOfScale: ManagedFields {
        ManagedFields(
            entries: parent.entries.filter { $0.apiVersion == apiVersion && ownsReplicas($0) }.map {
                .init(
                    manager: $0.manager, apiVersion: Self.scaleAPIVersion, time: $0.time,
                    fields: FieldSet(paths: [Self.scaleReplicas]))
            })
    }

    /// The entries of the parent after a write to the Scale object. Managers that are new have no time, as upstream.
    package func entriesOfParent(after scale: JSONObject) -> ManagedFields {
        var scaleEntries = ManagedFields.readable(of: scale)
        var result = ManagedFields()
        for entry in parent.entries where entry.apiVersion == apiVersion {
            guard ownsReplicas(entry) else {
                result.entries.append(entry)
                continue
            }
            if scaleEntries[entry.manager] != nil {
                result.entries.append(entry)
                scaleEntries[entry.manager] = nil
                continue
            }
            var rest = entry
            rest.fields = entry.fields.subtracting(replicas)
            if !rest.fields.isEmpty { result.entries.append(rest) }
        }
        for entry in scaleEntries.entries where !entry.fields.isEmpty {
            result[entry.manager] = .init(
                manager: entry.manager, apiVersion: apiVersion, time: parent[entry.manager]?.time, fields: replicas)
        }
        return result
    }
}

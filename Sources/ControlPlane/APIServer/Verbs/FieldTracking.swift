internal import APIMachinery
internal import KubernetesAPI

/// Who owns which fields: metadata.managedFields of every write.
extension ResourceDefinition {
    func fieldManager(subresource: String = "") -> FieldManager {
        FieldManager(
            kind: kind, type: stored?.applyType ?? .untyped, subresource: subresource,
            resetFields: isCustom ? customResetFields(subresource) : ResetFields.of(kind, subresource: subresource),
            convert: { [self] object, version in converted(object, to: version) })
    }

    private func customResetFields(_ subresource: String) -> FieldSet {
        self.subresource("status") == nil ? FieldSet() : ResetFields.ofCustomResource(subresource: subresource)
    }

    /// An object of this version in the one that is stored, where the two differ: entries may name either.
    private func converted(_ object: JSONObject, to version: String) -> (JSONObject, ApplyType)? {
        if let type = stored?.versionTypes[version] {
            var object = object
            object["apiVersion"] = .string(version)
            return (object, type)
        }
        guard let stored, case .local(_, let toStored)? = stored.conversion, version == stored.location.form.kind.apiVersion,
            let type = ApplyType.builtIn(stored.location.form.kind)
        else { return nil }
        return (toStored(object), type)
    }
}

enum FieldTracking {
    static func didCreate(_ object: inout JSONObject, _ context: RequestContext, _ options: WriteOptions) {
        object = context.resource.fieldManager().update(
            live: nil, new: object, manager: context.request.manager(options), time: context.now)
    }

    static func didUpdate(
        _ object: inout JSONObject, old: JSONObject, _ context: RequestContext, _ options: WriteOptions, subresource: String
    ) {
        object = context.resource.fieldManager(subresource: subresource).update(
            live: old, new: object, manager: context.request.manager(options), time: context.now)
    }
}

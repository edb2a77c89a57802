package import APIMachinery

/// Rules for metadata as it stands in JSON, on create and on update.
package enum ObjectMetaRules {
    /// - Parameter name: The form of the kind's names.
    package static func validate(
        _ metadata: JSONValue?, isNamespaced: Bool, name: (String) -> [String]
    ) -> [FieldError] {
        var validator = Validator()
        let field = JSONField(metadata, FieldPath("metadata"))
        validator.validate(field.decoded(ObjectMeta.self), isNamespaced: isNamespaced, at: field.path, name: name)
        return validator.errors
    }

    /// Whether only built-in kinds have the rule: finalizers of others may lack a domain.
    package static func isOfBuiltInKinds(_ error: FieldError) -> Bool {
        error.detail.hasPrefix("name is neither a standard finalizer name")
    }

    /// What may not change in metadata, and the rules for what may.
    package static func validateUpdate(_ metadata: JSONValue?, old: JSONValue?, isNamespaced: Bool) -> [FieldError] {
        var validator = Validator()
        let new = JSONField(metadata, FieldPath("metadata"))
        let old = JSONField(old, FieldPath("metadata"))
        validator.metadataUpdate(new, old)
        validator.validate(
            new.decoded(ObjectMeta.self), isNamespaced: isNamespaced, at: new.path, name: NameValidation.pathSegment)
        return validator.errors
    }
}

extension Validator {
    mutating func metadataUpdate(_ new: JSONField, _ old: JSONField) {
        if old["deletionTimestamp"].isSet {
            let added = new["finalizers"].strings.filter { !old["finalizers"].strings.contains($0) }.sorted()
            if !added.isEmpty {
                let list = "[]string{\(added.map(\.quoted).joined(separator: ", "))}"
                report(
                    .forbidden(
                        new["finalizers"].path,
                        "no new finalizers can be added if the object is being deleted, found new finalizers \(list)"))
            }
        }
        for name in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            immutable(new[name], old[name])
        }
        if let generation = new["generation"].integer, let before = old["generation"].integer, generation < before {
            invalid(new["generation"], "must not be decremented")
        }
    }
}

package import APIMachinery

/// Rules for the metadata of every kind.
package enum ObjectMetaValidation {
    package static let annotationsMaxBytes = 256 << 10

    /// - Parameter name: The form of the kind's names, from `NameValidation`.
    package static func validate(
        _ metadata: ObjectMeta, isNamespaced: Bool, at path: FieldPath, name: (String) -> [String]
    ) -> [FieldError] {
        var validator = Validator()
        validator.validate(metadata, isNamespaced: isNamespaced, at: path, name: name)
        return validator.errors
    }
}

extension Validator {
    mutating func validate(
        _ metadata: ObjectMeta, isNamespaced: Bool, at path: FieldPath, name: (String) -> [String]
    ) {
        if let prefix = metadata.generateName {
            invalid(path.child("generateName"), prefix, NameValidation.asPrefix(prefix, name))
        }
        if let value = metadata.name {
            invalid(path.child("name"), value, name(value))
        } else {
            report(.required(path.child("name"), "name or generateName is required"))
        }
        validateNamespace(metadata.namespace, isNamespaced: isNamespaced, at: path.child("namespace"))
        nonNegative(metadata.generation, path.child("generation"))
        labels(metadata.labels, path.child("labels"))
        annotations(metadata.annotations, path.child("annotations"))
        ownerReferences(metadata.ownerReferences, path.child("ownerReferences"))
        finalizers(metadata.finalizers, path.child("finalizers"))
    }

    private mutating func validateNamespace(_ namespace: String?, isNamespaced: Bool, at path: FieldPath) {
        if isNamespaced {
            guard require(namespace, path), let namespace else { return }
            invalid(path, namespace, NameValidation.dns1123Label(namespace))
        } else if namespace != nil {
            report(.forbidden(path, "not allowed on this type"))
        }
    }

    mutating func labels(_ labels: [String: String], _ path: FieldPath) {
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            invalid(path, key, NameValidation.qualifiedName(key))
            invalid(path, value, NameValidation.labelValue(value))
        }
    }

    mutating func annotations(_ annotations: [String: String], _ path: FieldPath) {
        var size = 0
        for (key, value) in annotations.sorted(by: { $0.key < $1.key }) {
            // Capital letters are let through for the prefix too.
            invalid(path, key, NameValidation.qualifiedName(key.lowercased()))
            size += key.utf8.count + value.utf8.count
        }
        if size > ObjectMetaValidation.annotationsMaxBytes {
            report(.tooLong(path, maxBytes: ObjectMetaValidation.annotationsMaxBytes))
        }
    }

    private mutating func ownerReferences(_ references: [OwnerReference], _ path: FieldPath) {
        for reference in references {
            let version = reference.apiVersion.split(separator: "/", omittingEmptySubsequences: false)
            if version.count > 2 || version.last?.isEmpty != false {
                report(.invalid(path.child("apiVersion"), .string(reference.apiVersion), "version must not be empty"))
            }
            for (field, value) in [("kind", reference.kind), ("name", reference.name), ("uid", reference.uid)]
            where value.isEmpty {
                report(.invalid(path.child(field), "", "must not be empty"))
            }
            if reference.apiVersion == "v1", reference.kind == "Event" {
                report(.invalid(path, reference.shown, "/v1, Kind=Event is disallowed from being an owner"))
            }
        }
        let controllers = references.filter { $0.controller == true }
        if controllers.count > 1 {
            let (first, second) = (controllers[0], controllers[1])
            report(
                .invalid(
                    path, .array(references.map(\.shown)),
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(first.kind)/\(first.name) and \(second.kind)/\(second.name)"
                ))
        }
    }

    private mutating func finalizers(_ finalizers: [String], _ path: FieldPath) {
        let standard = ["orphan", "foregroundDeletion", "kubernetes"]
        for (index, finalizer) in finalizers.enumerated() {
            invalid(path, finalizer, NameValidation.qualifiedName(finalizer))
            if !finalizer.contains("/"), !standard.contains(finalizer) {
                report(
                    .invalid(
                        path.index(index), .string(finalizer),
                        "name is neither a standard finalizer name nor is it fully qualified"))
            }
        }
        if finalizers.contains("orphan"), finalizers.contains("foregroundDeletion") {
            report(
                .invalid(path, finalizers.json, "finalizer orphan and foregroundDeletion cannot be both set"))
        }
    }
}

extension OwnerReference {
    /// Members in the order in which upstream's errors show them.
    fileprivate var shown: JSONValue {
        let object = jsonObject
        let order = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]
        return .object(JSONObject(members: order.compactMap { key in object[key].map { .init(key: key, value: $0) } }))
    }
}

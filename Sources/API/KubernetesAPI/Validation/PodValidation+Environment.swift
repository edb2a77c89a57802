internal import APIMachinery

extension Validator {
    mutating func environment(_ container: Container, _ path: FieldPath) {
        for (index, variable) in container.env.enumerated() {
            let path = path.child("env").index(index)
            if require(variable.name, path.child("name")) {
                invalid(path.child("name"), variable.name, NameValidation.environmentName(variable.name))
            }
            if let source = variable.valueFrom {
                valueSource(source, hasValue: variable.value != nil, path.child("valueFrom"))
            }
        }
        for (index, source) in container.envFrom.enumerated() {
            environmentSource(source, path.child("envFrom"), index)
        }
    }

    private mutating func environmentSource(_ source: EnvFromSource, _ list: FieldPath, _ index: Int) {
        let path = list.index(index)
        if let prefix = source.prefix { invalid(path.child("prefix"), prefix, NameValidation.environmentName(prefix)) }
        switch (source.configMapRef, source.secretRef) {
        case (nil, nil): report(.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`"))
        case (_?, _?): report(.invalid(list, "", "may not have more than one field specified at a time"))
        case (let reference?, nil): objectName(reference.name, path.child("configMapRef", "name"))
        case (nil, let reference?): objectName(reference.name, path.child("secretRef", "name"))
        }
    }

    private mutating func objectName(_ name: String?, _ path: FieldPath) {
        if require(name, path), let name { invalid(path, name, NameValidation.dns1123Subdomain(name)) }
    }

    private mutating func valueSource(_ source: EnvVarSource, hasValue: Bool, _ path: FieldPath) {
        var count = 0
        if let reference = source.fieldRef {
            count += 1
            environmentField(reference, path.child("fieldRef"))
        }
        if let reference = source.resourceFieldRef {
            count += 1
            resourceField(reference, path.child("resourceFieldRef"))
        }
        if let reference = source.configMapKeyRef {
            count += 1
            keyReference(reference.name, reference.key, path.child("configMapKeyRef"))
        }
        if let reference = source.secretKeyRef {
            count += 1
            keyReference(reference.name, reference.key, path.child("secretKeyRef"))
        }
        if count == 0 {
            report(
                .invalid(
                    path, "",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
                ))
        } else if hasValue {
            report(.invalid(path, "", "may not be specified when `value` is not empty"))
        } else if count > 1 {
            report(.invalid(path, "", "may not have more than one field specified at a time"))
        }
    }

    private mutating func keyReference(_ name: String?, _ key: String, _ path: FieldPath) {
        invalid(path.child("name"), name ?? "", NameValidation.dns1123Subdomain(name ?? ""))
        if require(key, path.child("key")) { invalid(path.child("key"), key, NameValidation.configKey(key)) }
    }

    private static let environmentFields = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ]

    private mutating func environmentField(_ reference: ObjectFieldSelector, _ path: FieldPath) {
        field(reference, supported: Self.environmentFields, path)
    }

    /// A field of the pod that the downward API gives, a whole one or one label or annotation.
    mutating func field(_ reference: ObjectFieldSelector, supported: [String], _ path: FieldPath) {
        guard require(reference.apiVersion, path.child("apiVersion")),
            require(reference.fieldPath, path.child("fieldPath"))
        else { return }
        if let version = reference.apiVersion, version != "v1" {
            return report(
                .invalid(
                    path.child("fieldPath"), .string(reference.fieldPath),
                    "error converting fieldPath: unsupported pod version: \(version)"))
        }
        if let (list, key) = Self.subscripted(reference.fieldPath) {
            switch list {
            case "metadata.labels": invalid(path, key, NameValidation.qualifiedName(key))
            case "metadata.annotations": invalid(path, key, NameValidation.qualifiedName(key.lowercased()))
            default: report(.invalid(path, .string(reference.fieldPath), "does not support subscript"))
            }
        } else if !supported.contains(reference.fieldPath) {
            report(.notSupported(path.child("fieldPath"), .string(reference.fieldPath), supported: supported))
        }
    }

    /// Cuts `metadata.labels['key']`.
    static func subscripted(_ path: String) -> (list: String, key: String)? {
        guard path.hasSuffix("']"), let start = path.firstRange(of: "['") else { return nil }
        return (String(path[..<start.lowerBound]), String(path[start.upperBound...].dropLast(2)))
    }

    mutating func resourceField(_ reference: ResourceFieldSelector, _ path: FieldPath) {
        guard require(reference.resource, path.child("resource")) else { return }
        let supported = [
            "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
            "requests.memory",
        ]
        let isHugePages =
            reference.resource.hasPrefix("limits.hugepages-") || reference.resource.hasPrefix("requests.hugepages-")
        guard supported.contains(reference.resource) || isHugePages else {
            return report(
                .notSupported(path.child("resource"), .string(reference.resource), supported: supported))
        }
        divisor(reference, path.child("divisor"))
    }

    private mutating func divisor(_ reference: ResourceFieldSelector, _ path: FieldPath) {
        guard let divisor = reference.divisor, !divisor.isZero else { return }
        let (allowed, resource, values) =
            if reference.resource.hasSuffix(".cpu") {
                (["1m", "1"], "cpu", "1m and 1")
            } else if reference.resource.hasSuffix(".memory") {
                (Self.byteDivisors, "memory", Self.byteDivisors.joined(separator: ", "))
            } else if reference.resource.hasSuffix(".ephemeral-storage") {
                (Self.byteDivisors, "local ephemeral storage", Self.byteDivisors.joined(separator: ", "))
            } else {
                (Self.byteDivisors, "hugepages", Self.byteDivisors.joined(separator: ", "))
            }
        guard !allowed.contains(divisor.description) else { return }
        report(
            .invalid(
                path, .string(reference.resource), "only divisor's values \(values) are supported with the \(resource) resource"))
    }

    private static let byteDivisors = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"]
}

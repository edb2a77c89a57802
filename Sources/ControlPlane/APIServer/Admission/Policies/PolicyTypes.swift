internal import CEL

/// What expressions about admission may name (k8s.io/apiserver/pkg/admission/plugin/cel).
enum PolicyTypes {
    /// - Parameters:
    ///   - hasParams: The policy has a paramKind.
    ///   - hasAuthorizer: False in messages.
    ///   - objectType: Of the objects that are written, where it is known.
    static func environment(
        hasParams: Bool, hasAuthorizer: Bool = true, objectType: CELType = .dynamic
    ) -> CELEnvironment {
        var environment = CELEnvironment()
        environment.declare("object", objectType)
        environment.declare("oldObject", objectType)
        environment.declare("request", .object(request))
        environment.declare("namespaceObject", .object(namespace))
        if hasParams { environment.declare("params", .dynamic) }
        AuthorizerLibrary.declare(in: &environment, hasVariables: hasAuthorizer)
        return environment
    }

    private static func named(_ names: [String], _ type: CELType = .string) -> [String: CELType] {
        Dictionary(uniqueKeysWithValues: names.map { ($0, type) })
    }

    private static let request: CELObjectType = {
        let kind = CELObjectType(name: "kubernetes.GroupVersionKind", fields: named(["group", "version", "kind"]))
        let resource = CELObjectType(name: "kubernetes.GroupVersionResource", fields: named(["group", "version", "resource"]))
        let user = CELObjectType(
            name: "kubernetes.UserInfo",
            fields: [
                "username": .string, "uid": .string, "groups": .list(.string), "extra": .map(.string, .list(.string)),
            ])
        var fields = named(["subResource", "requestSubResource", "name", "namespace", "operation"])
        for name in ["kind", "requestKind"] { fields[name] = .object(kind) }
        for name in ["resource", "requestResource"] { fields[name] = .object(resource) }
        fields["userInfo"] = .object(user)
        fields["dryRun"] = .bool
        fields["options"] = .dynamic
        return CELObjectType(name: "kubernetes.AdmissionRequest", fields: fields)
    }()

    private static let namespace: CELObjectType = {
        var metadata = named(["name", "generateName", "namespace", "UID", "uid", "resourceVersion"])
        metadata["labels"] = .map(.string, .string)
        metadata["annotations"] = .map(.string, .string)
        metadata["creationTimestamp"] = .timestamp
        metadata["deletionTimestamp"] = .timestamp
        metadata["deletionGracePeriodSeconds"] = .int
        metadata["generation"] = .int
        metadata["finalizers"] = .list(.string)
        return CELObjectType(
            name: "kubernetes.Namespace",
            fields: [
                "metadata": .object(CELObjectType(name: "kubernetes.NamespaceMetadata", fields: metadata)),
                "spec": .object(CELObjectType(name: "kubernetes.NamespaceSpec", fields: ["finalizers": .list(.string)])),
                "status": .object(CELObjectType(name: "kubernetes.NamespaceStatus", fields: ["phase": .string])),
            ])
    }()
}

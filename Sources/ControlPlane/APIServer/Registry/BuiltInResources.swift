package import APIMachinery
package import KubernetesAPI

/// The built-in kinds as resources.
package enum BuiltInResources {
    /// Kinds that are asked and answered, never stored.
    private static let unstored: Set<String> = [
        "Binding", "ComponentStatus", "TokenReview", "SelfSubjectReview", "SubjectAccessReview", "SelfSubjectAccessReview",
        "LocalSubjectAccessReview", "SelfSubjectRulesReview",
    ]
    /// Versions that are served but not stored: their objects lie under another group or version.
    private static let storageKinds: [GroupVersionKind: (kind: GroupVersionKind, plural: String)] = [
        GroupVersionKind(group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler"): (
            GroupVersionKind(group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler"), "horizontalpodautoscalers"
        ),
        GroupVersionKind(group: "events.k8s.io", version: "v1", kind: "Event"): (
            GroupVersionKind(group: "", version: "v1", kind: "Event"), "events"
        ),
    ]
    private static let deprecations: [GroupVersionKind: String] = [
        GroupVersionKind(group: "", version: "v1", kind: "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
        GroupVersionKind(group: "", version: "v1", kind: "Endpoints"):
            "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ]

    /// - Parameter strategy: The rules of a kind; a kind without is left out.
    package static func resources(strategy: (GroupVersionKind) -> (any ObjectStrategy)?) -> [ResourceDefinition] {
        // Only released versions are served by default.
        ServedResource.builtIn.filter { !$0.kind.version.contains("beta") && !$0.kind.version.contains("alpha") }
            .compactMap { resource($0, strategy) }
    }

    private static func resource(
        _ served: ServedResource, _ strategy: (GroupVersionKind) -> (any ObjectStrategy)?
    ) -> ResourceDefinition? {
        var stored: ResourceDefinition.Stored?
        if !unstored.contains(served.kind.kind) {
            guard let strategy = strategy(served.kind) else { return nil }
            let storage = storageKinds[served.kind] ?? (served.kind, served.plural)
            let form = StoredForm(kind: storage.kind, itemsCarryKind: false)
            stored = .init(
                strategy: strategy, location: StorageLocation(group: storage.kind.group, plural: storage.plural, form: form),
                applyType: .builtIn(served.kind) ?? .untyped, conversion: conversion(served.kind, stored: storage.kind))
        }
        return ResourceDefinition(
            kind: served.kind, plural: served.plural, singular: served.singular, isNamespaced: served.isNamespaced,
            shortNames: served.shortNames, categories: served.categories, verbs: served.verbs, subresources: served.subresources,
            stored: stored, deprecationWarning: deprecations[served.kind])
    }

    private static func conversion(_ kind: GroupVersionKind, stored: GroupVersionKind) -> ResourceDefinition.Conversion? {
        guard kind != stored else { return nil }
        return .local(
            fromStored: { VersionConversion.convert($0, from: stored, to: kind) },
            toStored: { VersionConversion.convert($0, from: kind, to: stored) })
    }
}

package import APIMachinery

/// Kinds that are served and going away.
package enum DeprecatedKinds {
    /// - Returns: The warning that every answer about the kind carries.
    package static func warning(_ kind: GroupVersionKind) -> String? {
        switch (kind.group, kind.version, kind.kind) {
        case ("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+"
        case ("", "v1", "Endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
        default: nil
        }
    }
}

package import APIMachinery

/// What the endpoints of built-in kinds put back, whatever is sent to them, and so never own.
package enum ResetFields {
    /// - Parameter subresource: Empty for the resource itself.
    package static func of(_ kind: GroupVersionKind, subresource: String) -> FieldSet {
        let key = "\(kind.group)/\(kind.kind)"
        guard let hasStatus = statusKinds[key] else { return FieldSet() }
        switch subresource {
        case "": return hasStatus.main
        case "status": return hasStatus.status
        case "approval": return set("spec")
        case "scale": return FieldSet()
        default: return set("status")
        }
    }

    /// A custom resource with the status subresource.
    package static func ofCustomResource(subresource: String) -> FieldSet {
        subresource == "status" ? set("metadata", "spec") : set("status")
    }

    private static let statusKinds: [String: (main: FieldSet, status: FieldSet)] = {
        var all: [String: (main: FieldSet, status: FieldSet)] = [:]
        for resource in ServedResource.builtIn where resource.subresources.contains(where: { $0.name == "status" }) {
            let kind = "\(resource.kind.group)/\(resource.kind.kind)"
            all[kind] = (set("status"), set(["spec"] + (more[kind] ?? [])))
        }
        return all
    }()

    /// What else the status endpoint resets, beside the spec.
    private static let more: [String: [String]] = [
        "/Pod": ["metadata.deletionTimestamp", "metadata.ownerReferences"],
        "apps/Deployment": ["metadata.labels"],
        "apiextensions.k8s.io/CustomResourceDefinition": ["metadata"],
        "apiregistration.k8s.io/APIService": ["metadata"],
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy": ["metadata"],
        "certificates.k8s.io/CertificateSigningRequest": ["status.conditions"],
        "storage.k8s.io/VolumeAttachment": ["metadata"],
    ]

    private static func set(_ names: String...) -> FieldSet { set(names) }

    private static func set(_ names: [String]) -> FieldSet {
        FieldSet(paths: names.map { $0.split(separator: ".").map { .field(String($0)) } })
    }
}

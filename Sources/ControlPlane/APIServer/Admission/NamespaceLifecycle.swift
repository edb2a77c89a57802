package import APIMachinery

/// Nothing is created where there is no namespace, or one that is going; some namespaces stay.
package struct NamespaceLifecycle: AdmissionPlugin {
    private static let immortal: Set<String> = ["default", "kube-system", "kube-public"]

    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        if attributes.operation == .delete, attributes.isFor("namespaces"), Self.immortal.contains(attributes.name) {
            throw attributes.forbidden("this namespace may not be deleted")
        }
        guard attributes.operation == .create, attributes.resource.isNamespaced, !attributes.namespace.isEmpty else { return }
        // Asked by every part of the control plane, also about namespaces that are to be created next.
        if attributes.isFor("localsubjectaccessreviews", group: "authorization.k8s.io") { return }
        guard let namespace = try await objects.get("namespaces", name: attributes.namespace) else {
            throw .notFound(resource: "namespaces", group: "", name: attributes.namespace)
        }
        guard namespace["status"]?["phase"]?.stringValue == "Terminating" || namespace.isBeingDeleted else { return }
        guard attributes.subresource.isEmpty else { return }
        throw Self.terminating(attributes)
    }

    private static func terminating(_ attributes: AdmissionAttributes) -> Status {
        var status = attributes.forbidden(
            "unable to create new content in namespace \(attributes.namespace) because it is being terminated")
        status.details?.causes = [
            Status.Cause(
                reason: "NamespaceTerminating", message: "namespace \(attributes.namespace) is being terminated",
                field: "metadata.namespace")
        ]
        return status
    }
}

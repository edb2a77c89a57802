package import APIMachinery

/// A bound claim may grow only where its storage class says that volumes can.
package struct ClaimResize: AdmissionPlugin {
    package init() {}

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("persistentvolumeclaims"), attributes.operation == .update,
            let old = Self.size(attributes.old), let new = Self.size(attributes.object), new > old
        else { return }
        // Upstream asks only of claims that are bound: others may still find another volume.
        guard attributes.old?["status"]?["phase"]?.stringValue == "Bound" else {
            throw attributes.forbidden("Only bound persistent volume claims can be expanded")
        }
        guard try await canGrow(attributes.object, objects) else {
            throw attributes.forbidden(
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
        }
    }

    private static func size(_ claim: JSONObject?) -> Quantity? {
        (claim?["spec"]?["resources"]?["requests"]?["storage"]?.stringValue).flatMap { try? Quantity(parsing: $0) }
    }

    private func canGrow(_ claim: JSONObject?, _ objects: ObjectReader) async throws(Status) -> Bool {
        guard let name = claim?["spec"]?["storageClassName"]?.stringValue, !name.isEmpty,
            let found = try await objects.get(group: "storage.k8s.io", "storageclasses", name: name)
        else { return false }
        return found["allowVolumeExpansion"]?.boolValue == true
    }
}

internal import APIMachinery

/// A node may ask for tokens of its own pods only, and for such as they want.
struct NodeTokenRestriction {
    let node: String
    let attributes: AdmissionAttributes

    func check(_ objects: ObjectReader) async throws(Status) {
        let spec = attributes.object?["spec"]
        let reference = spec?["boundObjectRef"]
        let name = reference?["name"]?.stringValue ?? ""
        guard reference?["apiVersion"]?.stringValue == "v1", reference?["kind"]?.stringValue == "Pod", !name.isEmpty else {
            throw attributes.forbidden("node requested token not bound to a pod")
        }
        let uid = reference?["uid"]?.stringValue ?? ""
        if uid.isEmpty { throw attributes.forbidden("node requested token with a pod binding without a uid") }
        guard let pod = try await objects.get("pods", namespace: attributes.namespace, name: name) else {
            throw .notFound(resource: "pods", group: "", name: name)
        }
        guard pod.metadata["uid"]?.stringValue == uid else {
            throw attributes.forbidden(
                "the UID in the bound object reference (\(uid)) does not match the UID in record. "
                    + "The object might have been deleted and then recreated")
        }
        guard pod["spec"]?["nodeName"]?.stringValue == node else {
            throw attributes.forbidden("node requested token bound to a pod scheduled on a different node")
        }
        try checkAudiences(spec?["audiences"].strings ?? [], of: pod)
    }

    /// A token without an audience is for the API server, which is what a projection without one asks for.
    private func checkAudiences(_ requested: [String], of pod: JSONObject) throws(Status) {
        let volumes = pod["spec"]?["volumes"]?.arrayValue ?? []
        let wanted = volumes.flatMap { volume in
            (volume["projected"]?["sources"]?.arrayValue ?? []).compactMap { source in
                source["serviceAccountToken"].map { $0["audience"]?.stringValue ?? "" }
            }
        }
        for audience in requested.isEmpty ? [""] : requested where !wanted.contains(audience) {
            throw attributes.forbidden(
                "audience \(audience.quoted) not found in pod spec volume, \(attributes.user.name) is not authorized to request tokens for "
                    + "this audience")
        }
    }
}

internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Writes that change who owns an object, in two forms: kinds of users take no strategic merge patch.
struct OwnershipPatches: Sendable {
    let client: Client

    /// Takes owners out of an object's references.
    func strip(_ uids: [String], from object: OwnedObject) async throws(ClientError) {
        let deletions = uids.map { JSONValue.object(["$patch": "delete", "uid": .string($0)]) }
        try await patch(object, strategic: deletions) { $0.filter { !uids.contains($0.uid) } }
    }

    /// Makes an object's references hold no owner up.
    func unblockOwners(of object: OwnedObject) async throws(ClientError) {
        let blocking = object.owners.filter { $0.blockOwnerDeletion == true }
        let changes = blocking.map { JSONValue.object(["uid": .string($0.uid), "blockOwnerDeletion": false]) }
        try await patch(object, strategic: changes) { owners in
            owners.map { owner in
                var owner = owner
                if owner.blockOwnerDeletion == true { owner.blockOwnerDeletion = false }
                return owner
            }
        }
    }

    /// Takes a finalizer off, if the object is still the one that was looked at.
    func removeFinalizer(_ finalizer: String, from object: OwnedObject) async throws(ClientError) {
        let objects = client.metadata(of: object.resource, namespace: object.namespace)
        let metadata = try await objects.get(object.name).metadata
        guard metadata.uid == object.uid, metadata.finalizers.contains(finalizer) else { return }
        let rest = metadata.finalizers.filter { $0 != finalizer }
        let patch: JSONValue = [
            "metadata": [
                "resourceVersion": .string(metadata.resourceVersion ?? ""),
                "finalizers": rest.isEmpty ? .null : .array(rest.map { .string($0) }),
            ]
        ]
        _ = try await objects.patch(object.name, .merge, patch)
    }

    private func patch(
        _ object: OwnedObject, strategic: [JSONValue], whole: ([OwnerReference]) -> [OwnerReference]
    ) async throws(ClientError) {
        guard !strategic.isEmpty else { return }
        let objects = client.metadata(of: object.resource, namespace: object.namespace)
        do throws(ClientError) {
            let patch: JSONValue = ["metadata": ["uid": .string(object.uid), "ownerReferences": .array(strategic)]]
            _ = try await objects.patch(object.name, .strategicMerge, patch)
            return
        } catch {
            guard error.status?.code == 415 else { throw error }
        }
        let metadata = try await objects.get(object.name).metadata
        let patch: JSONValue = [
            "metadata": [
                "uid": .string(object.uid), "resourceVersion": .string(metadata.resourceVersion ?? ""),
                "ownerReferences": .array(whole(metadata.ownerReferences).map(\.json)),
            ]
        ]
        _ = try await objects.patch(object.name, .merge, patch)
    }
}

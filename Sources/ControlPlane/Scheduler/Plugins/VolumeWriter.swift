internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Writes which volume a claim gets, or which node its volume is to be made for, and waits until the persistent volume controller has bound them.
struct VolumeWriter: Sendable {
    let choice: VolumeChoice
    let node: String
    let timeout: Duration
    /// As it was decided on.
    let volumes: VolumeState

    func write(_ context: BindingContext) async throws {
        for (key, volume) in choice.matched { try await give(volume, to: key, context.client) }
        for key in choice.provisioned { try await select(node, for: key, context.client) }
        try await waitUntilBound(context)
    }

    /// As the controller does: it completes what it finds half done.
    private func give(_ volume: VolumeInfo, to key: ObjectKey, _ client: Client) async throws {
        var object = volume.volume
        guard object.spec.claimRef?.uid == nil, let claim = volumes.claims[key] else { return }
        if object.spec.claimRef == nil { object.metadata.annotations[VolumeNames.boundByController] = "yes" }
        object.spec.claimRef = ObjectReference {
            $0.apiVersion = "v1"
            $0.kind = "PersistentVolumeClaim"
            $0.namespace = key.namespace
            $0.name = key.name
            $0.uid = claim.metadata.uid
            $0.resourceVersion = claim.metadata.resourceVersion
        }
        _ = try await client.resource(PersistentVolume.self).update(object)
    }

    private func select(_ node: String, for key: ObjectKey, _ client: Client) async throws {
        guard var claim = volumes.claims[key], claim.metadata.annotations[VolumeNames.selectedNode] != node else { return }
        claim.metadata.annotations[VolumeNames.selectedNode] = node
        _ = try await client.resource(PersistentVolumeClaim.self, namespace: key.namespace).update(claim)
    }

    private func waitUntilBound(_ context: BindingContext) async throws {
        let claims = context.informers.informer(PersistentVolumeClaim.self)
        let deadline = context.time.now + timeout
        var pause = Duration.milliseconds(5)
        var seenSelection: Set<ObjectKey> = []
        while true {
            var isComplete = true
            for key in choice.matched.map(\.claim) + choice.provisioned {
                guard let claim = claims[key] else { throw Refusal(.error, "claim \(key) is gone") }
                guard !claim.isBound else { continue }
                isComplete = false
                if choice.provisioned.contains(key) { try checkSelection(claim, key, &seenSelection) }
            }
            if isComplete { return }
            guard context.time.now < deadline else { throw Refusal(.error, "timed out waiting for the condition") }
            try await context.time.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Who makes volumes takes the node away when it can't make one there: then another is looked for.
    private func checkSelection(_ claim: PersistentVolumeClaim, _ key: ObjectKey, _ seen: inout Set<ObjectKey>) throws {
        if claim.metadata.annotations[VolumeNames.selectedNode] == node {
            seen.insert(key)
        } else if seen.contains(key) {
            throw Refusal(.error, "provisioning failed for PVC \"\(key.name)\"")
        }
    }
}

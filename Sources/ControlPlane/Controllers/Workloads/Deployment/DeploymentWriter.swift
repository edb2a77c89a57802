internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Carries out what a look at a Deployment decided, in order, and stops at the first failure.
struct DeploymentWriter {
    let client: Client
    let events: EventRecorder
    let written: OwnWrites<ReplicaSet>
    let writtenDeployments: OwnWrites<Deployment>
    let now: Timestamp

    func perform(_ writes: [DeploymentRollout.Write], for deployment: Deployment) async throws(ClientError) {
        let owner = Owner(deployment)
        // The revisions that our own writes of this round gave the sets.
        var revisions: [String: String] = [:]
        for write in writes {
            switch write {
            case .create(let set):
                let created = try await create(set, deployment)
                revisions[created.metadata.name ?? ""] = created.metadata.resourceVersion
            case .update(let set): try await update(set, &revisions, owner)
            case .scale(let set, let before):
                try await update(set, &revisions, owner)
                events.normal(
                    owner, "ScalingReplicaSet",
                    "Scaled \(before < set.replicas ? "up" : "down") replica set \(set.metadata.name ?? "") from \(before) to \(set.replicas)"
                )
            case .delete(let set): try await delete(set, owner)
            case .status(let changed): try await writeStatus(changed)
            }
        }
    }

    private func update(_ set: ReplicaSet, _ revisions: inout [String: String], _ owner: Owner) async throws(ClientError) {
        var set = set
        let name = set.metadata.name ?? ""
        set.metadata.resourceVersion = revisions[name] ?? set.metadata.resourceVersion
        let answer = try await client.resource(ReplicaSet.self, namespace: owner.namespace).update(set)
        revisions[name] = answer.metadata.resourceVersion
        written.wrote(answer, for: owner.key)
    }

    private func delete(_ set: ReplicaSet, _ owner: Owner) async throws(ClientError) {
        written.willDelete(set, for: owner.key)
        do throws(ClientError) {
            try await client.resource(ReplicaSet.self, namespace: owner.namespace).delete(set.metadata.name ?? "")
        } catch {
            written.didNotDelete(set, for: owner.key)
            if !error.isNotFound { throw error }
        }
    }

    private func writeStatus(_ deployment: Deployment) async throws(ClientError) {
        let answer = try await client.resource(Deployment.self, namespace: deployment.metadata.namespace).update(
            deployment, subresource: "status")
        writtenDeployments.wrote(answer, for: ObjectKey(deployment))
    }

    private func create(_ set: ReplicaSet, _ deployment: Deployment) async throws(ClientError) -> ReplicaSet {
        let owner = Owner(deployment)
        let resource = client.resource(ReplicaSet.self, namespace: owner.namespace)
        do throws(ClientError) {
            let created = try await resource.create(set)
            written.wrote(created, for: owner.key)
            if set.replicas > 0 {
                events.normal(
                    owner, "ScalingReplicaSet", "Scaled up replica set \(set.metadata.name ?? "") from 0 to \(set.replicas)")
            }
            return created
        } catch {
            if error.isAlreadyExists { return try await existing(set, deployment, error) }
            if !error.isNamespaceTerminating { try await noteFailure(set, deployment, error) }
            throw error
        }
    }

    /// What has the name already is ours after all, or the hash must become another.
    private func existing(_ set: ReplicaSet, _ deployment: Deployment, _ failure: ClientError) async throws(ClientError) -> ReplicaSet {
        let there = try await client.resource(ReplicaSet.self, namespace: deployment.metadata.namespace).get(set.metadata.name ?? "")
        if there.metadata.isControlled(by: Owner(deployment)), there.isOf(deployment.spec.template) { return there }
        var changed = deployment
        changed.status.collisionCount = (changed.status.collisionCount ?? 0) + 1
        try await writeStatus(changed)
        throw failure
    }

    private func noteFailure(_ set: ReplicaSet, _ deployment: Deployment, _ failure: ClientError) async throws(ClientError) {
        let message = "Failed to create new replica set \(set.metadata.quotedName): \(failure)"
        events.warning(Owner(deployment), DeploymentNames.Reason.createFailed, message)
        guard deployment.progressDeadline != nil else { return }
        var changed = deployment
        changed.status.set(
            DeploymentCondition(
                DeploymentNames.Condition.progressing, "False", DeploymentNames.Reason.createFailed, message, at: now))
        if changed.status != deployment.status { try await writeStatus(changed) }
    }
}

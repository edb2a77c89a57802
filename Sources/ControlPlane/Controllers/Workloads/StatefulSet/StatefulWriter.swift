internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Carries out what a look at a StatefulSet decided.
struct StatefulWriter: Sendable {
    let client: Client
    let events: EventRecorder
    let claims: Informer<PersistentVolumeClaim>
    let writtenPods: OwnWrites<Pod>
    let writtenClaims: OwnWrites<PersistentVolumeClaim>

    /// Steps of an ordered set one after the other, of a parallel one as many at once as have succeeded before.
    ///
    /// - Returns: The first failure.
    func perform(_ steps: [StatefulSync.Step], _ set: StatefulSet) async -> (any Error)? {
        if !set.isOrdered {
            return await slowStart(steps.count) { try await perform(steps[$0], set) }.failure
        }
        for step in steps {
            do { try await perform(step, set) } catch { return error }
        }
        return nil
    }

    private func perform(_ step: StatefulSync.Step, _ set: StatefulSet) async throws {
        switch step {
        case .create(let pod): try await create(pod, set)
        case .delete(let pod): try await delete(pod, set)
        case .claim(let pod): try await makeClaims(pod, set)
        case .mend(let pod): try await mend(pod, set)
        }
    }

    private func create(_ pod: Pod, _ set: StatefulSet) async throws {
        let owner = Owner(set)
        guard try await makeClaims(pod, set) else { return }
        do throws(ClientError) {
            let created = try await client.resource(Pod.self, namespace: owner.namespace).create(pod)
            writtenPods.wrote(created, for: owner.key)
            tell("Create", pod, owner, nil)
            try await mendClaims(created, set)
        } catch {
            // The cache is behind, or somebody else's pod has the name: the event of it brings us back.
            if error.isAlreadyExists, try await isOurs(pod, owner) { return }
            if !error.isNamespaceTerminating { tell("Create", pod, owner, error) }
            throw error
        }
    }

    private func isOurs(_ pod: Pod, _ owner: Owner) async throws(ClientError) -> Bool {
        try await client.resource(Pod.self, namespace: owner.namespace).get(pod.metadata.name ?? "").metadata.isControlled(by: owner)
    }

    private func delete(_ pod: Pod, _ set: StatefulSet) async throws(ClientError) {
        let owner = Owner(set)
        if pod.status.phase == "Failed" {
            events.warning(
                owner, "RecreatingFailedPod", "StatefulSet \(owner.key) is recreating failed Pod \(pod.metadata.name ?? "")")
        } else if pod.status.phase == "Succeeded" {
            events.normal(
                owner, "RecreatingTerminatedPod", "StatefulSet \(owner.key) is recreating terminated Pod \(pod.metadata.name ?? "")")
        }
        writtenPods.willDelete(pod, for: owner.key)
        do throws(ClientError) {
            try await client.resource(Pod.self, namespace: owner.namespace).delete(pod.metadata.name ?? "")
            tell("Delete", pod, owner, nil)
        } catch {
            writtenPods.didNotDelete(pod, for: owner.key)
            if error.isNotFound { return }
            tell("Delete", pod, owner, error)
            throw error
        }
    }

    private func tell(_ verb: String, _ pod: Pod, _ owner: Owner, _ failure: ClientError?) {
        let text = "\(verb) Pod \(pod.metadata.name ?? "") in StatefulSet \(owner.name)"
        if let failure {
            events.warning(owner, "Failed\(verb)", "\(text) failed error: \(failure)")
        } else {
            events.normal(owner, "Successful\(verb)", "\(text) successful")
        }
    }

    // MARK: Claims

    /// - Returns: false when a claim is about to go with a former pod of the same name.
    @discardableResult
    private func makeClaims(_ pod: Pod, _ set: StatefulSet) async throws(ClientError) -> Bool {
        guard let ordinal = set.ordinal(of: pod) else { return true }
        for (_, claim) in StatefulPods(set: set).claims(ordinal) {
            guard let there = claims[ObjectKey(claim)] else {
                try await make(claim, pod, set)
                continue
            }
            if !pod.isCreated, StatefulPods.isStale(there, for: pod) { return false }
            if there.metadata.isBeingDeleted { throw .unreadable("pvc \(claim.metadata.name ?? "") is being deleted") }
        }
        return true
    }

    private func make(_ claim: PersistentVolumeClaim, _ pod: Pod, _ set: StatefulSet) async throws(ClientError) {
        let owner = Owner(set)
        let text = "Create Claim \(claim.metadata.name ?? "") Pod \(pod.metadata.name ?? "") in StatefulSet \(owner.name)"
        do throws(ClientError) {
            let made = try await client.resource(PersistentVolumeClaim.self, namespace: owner.namespace).create(claim)
            writtenClaims.wrote(made, for: owner.key)
            events.normal(owner, "SuccessfulCreate", "\(text) success")
        } catch {
            if error.isAlreadyExists { return }
            events.warning(owner, "FailedCreate", "\(text) failed error: \(error)")
            throw error
        }
    }

    /// Gives a pod's claims the owners that the retention policy asks for.
    private func mendClaims(_ pod: Pod, _ set: StatefulSet) async throws(ClientError) {
        let stateful = StatefulPods(set: set)
        guard let ordinal = set.ordinal(of: pod), !set.spec.volumeClaimTemplates.isEmpty else { return }
        let resource = client.resource(PersistentVolumeClaim.self, namespace: set.metadata.namespace)
        for (_, claim) in stateful.claims(ordinal) {
            let name = claim.metadata.name ?? ""
            // One that was just made does not show yet.
            var there: PersistentVolumeClaim
            if let cached = claims[ObjectKey(claim)] {
                there = cached
            } else if set.spec.persistentVolumeClaimRetentionPolicy.map({ $0.whenDeleted == "Delete" || $0.whenScaled == "Delete" })
                ?? false
            {
                do throws(ClientError) { there = try await resource.get(name) } catch {
                    if error.isNotFound { continue }
                    throw error
                }
            } else {
                continue
            }
            let owners = stateful.owners(of: there, pod: pod)
            guard owners != there.metadata.ownerReferences, !there.metadata.isBeingDeleted else { continue }
            there.metadata.ownerReferences = owners
            writtenClaims.wrote(try await resource.update(there), for: ObjectKey(set))
        }
    }

    private func mend(_ pod: Pod, _ set: StatefulSet) async throws(ClientError) {
        try await mendClaims(pod, set)
        guard let ordinal = set.ordinal(of: pod), set.ordinals.contains(ordinal) else { return }
        let identity = StatefulPods(set: set).identity(pod.metadata.name ?? "", ordinal)
        guard !identity.allSatisfy({ pod.metadata.labels[$0.key] == $0.value }) else { return }
        var changed = pod
        changed.metadata.labels.merge(identity) { $1 }
        let answer = try await client.resource(Pod.self, namespace: set.metadata.namespace).update(changed)
        writtenPods.wrote(answer, for: ObjectKey(set))
        tell("Update", pod, Owner(set), nil)
    }
}

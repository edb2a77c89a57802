internal import APIMachinery
internal import KubernetesAPI

extension ReplicaSet {
    /// What there is of what the set asks for.
    ///
    /// - Parameters:
    ///   - active: The set's pods that are neither at their end nor on the way to it.
    ///   - terminating: nil leaves the number out, as for a ReplicationController, which has no field for it.
    ///   - failure: Why pods could not be made or removed.
    func countedStatus(active: [Pod], terminating: [Pod], failure: String?, at now: Timestamp) -> ReplicaSetStatus {
        var status = status
        let labels = spec.template?.metadata.labels ?? [:]
        let minReadySeconds = spec.minReadySeconds ?? 0
        var (labeled, ready, available) = (Int32(0), Int32(0), Int32(0))
        for pod in active {
            if labels.allSatisfy({ pod.metadata.labels[$0.key] == $0.value }) { labeled += 1 }
            guard pod.isReady else { continue }
            ready += 1
            if pod.isAvailable(minReadySeconds: minReadySeconds, at: now) { available += 1 }
        }
        status.replicas = Int32(active.count)
        status.fullyLabeledReplicas = labeled == 0 ? nil : labeled
        status.readyReplicas = ready == 0 ? nil : ready
        status.availableReplicas = available == 0 ? nil : available
        status.terminatingReplicas = Int32(terminating.count)
        status.observedGeneration = metadata.generation
        status.conditions = conditions(failure, missing: Int(spec.replicas ?? 1) - active.count, at: now)
        return status
    }

    private func conditions(_ failure: String?, missing: Int, at now: Timestamp) -> [ReplicaSetCondition] {
        let present = status.conditions.contains { $0.type == "ReplicaFailure" }
        guard let failure else { return status.conditions.filter { $0.type != "ReplicaFailure" } }
        // The first failure stays until all is well.
        if present { return status.conditions }
        let condition = ReplicaSetCondition {
            $0.type = "ReplicaFailure"
            $0.status = "True"
            $0.reason = missing > 0 ? "FailedCreate" : missing < 0 ? "FailedDelete" : nil
            $0.message = failure
            $0.lastTransitionTime = now.truncatedToSeconds
        }
        return status.conditions + [condition]
    }
}

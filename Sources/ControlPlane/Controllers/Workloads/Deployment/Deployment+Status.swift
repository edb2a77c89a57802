internal import APIMachinery
internal import KubernetesAPI

extension Deployment {
    /// Every pod asked for is there, new, and available.
    func isComplete(_ status: DeploymentStatus) -> Bool {
        let wanted = Int32(replicas)
        return status.updatedReplicas ?? 0 == wanted && status.replicas ?? 0 == wanted && status.availableReplicas ?? 0 == wanted
            && status.observedGeneration ?? 0 >= metadata.generation ?? 0
    }

    /// The counts over all sets, and whether enough pods are available.
    func countedStatus(all: [ReplicaSet], new: ReplicaSet?, at now: Timestamp) -> DeploymentStatus {
        var counted = status
        func count(_ value: Int) -> Int32? { value == 0 ? nil : Int32(value) }
        counted.observedGeneration = metadata.generation
        counted.replicas = count(all.totalActual)
        counted.updatedReplicas = count(Int(new?.status.replicas ?? 0))
        counted.readyReplicas = count(all.reduce(0) { $0 + Int($1.status.readyReplicas ?? 0) })
        counted.availableReplicas = count(all.totalAvailable)
        counted.unavailableReplicas = count(max(0, all.totalReplicas - all.totalAvailable))
        counted.terminatingReplicas = Self.terminating(all)
        let isAvailable = all.totalAvailable >= replicas - maxUnavailable
        counted.set(
            DeploymentCondition(
                DeploymentNames.Condition.available, isAvailable ? "True" : "False",
                isAvailable ? DeploymentNames.Reason.minimumAvailable : DeploymentNames.Reason.minimumUnavailable,
                isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", at: now))
        return counted
    }

    /// nil when a set that was counted doesn't say. One that never was counted has none.
    private static func terminating(_ sets: [ReplicaSet]) -> Int32? {
        var sum: Int32 = 0
        for set in sets {
            if let own = set.status.terminatingReplicas {
                sum += own
            } else if set.status.observedGeneration ?? 0 != 0 {
                return nil
            }
        }
        return sum
    }

    /// Whether the rollout goes on, is complete or stuck, from the last status and the new counts.
    func rolloutStatus(_ counted: DeploymentStatus, all: [ReplicaSet], new: ReplicaSet?, at now: Timestamp) -> DeploymentStatus {
        var result = counted
        if progressDeadline == nil { result.remove(DeploymentNames.Condition.progressing) }
        let wasComplete = result.replicas == result.updatedReplicas && status.progressing?.reason == DeploymentNames.Reason.available
        if progressDeadline != nil, !wasComplete { noteProgress(in: &result, new: new, at: now) }
        if let failure = Self.failure(all, new) {
            result.set(failure)
        } else {
            result.remove(DeploymentNames.Condition.replicaFailure)
        }
        return result
    }

    private func noteProgress(in result: inout DeploymentStatus, new: ReplicaSet?, at now: Timestamp) {
        let subject = new.map { "ReplicaSet \($0.metadata.quotedName)" } ?? "Deployment \(metadata.quotedName)"
        func condition(_ status: String, _ reason: String, _ text: String) -> DeploymentCondition {
            DeploymentCondition(DeploymentNames.Condition.progressing, status, reason, "\(subject) \(text)", at: now)
        }
        if isComplete(result) {
            result.set(condition("True", DeploymentNames.Reason.available, "has successfully progressed."))
        } else if hasProgressed(to: result) {
            var progressing = condition("True", DeploymentNames.Reason.updated, "is progressing.")
            // The time of the last progress is what the deadline counts from.
            if let current = result.progressing {
                if current.status == "True" { progressing.lastTransitionTime = current.lastTransitionTime }
                result.remove(DeploymentNames.Condition.progressing)
            }
            result.set(progressing)
        } else if hasTimedOut(result, at: now) {
            result.set(condition("False", DeploymentNames.Reason.timedOut, "has timed out progressing."))
        }
    }

    private func hasProgressed(to result: DeploymentStatus) -> Bool {
        func old(_ status: DeploymentStatus) -> Int32 { (status.replicas ?? 0) - (status.updatedReplicas ?? 0) }
        return result.updatedReplicas ?? 0 > status.updatedReplicas ?? 0 || old(result) < old(status)
            || result.readyReplicas ?? 0 > status.readyReplicas ?? 0 || result.availableReplicas ?? 0 > status.availableReplicas ?? 0
    }

    private func hasTimedOut(_ result: DeploymentStatus, at now: Timestamp) -> Bool {
        guard let deadline = progressDeadline, let current = result.progressing else { return false }
        switch current.reason {
        case DeploymentNames.Reason.available: return false
        case DeploymentNames.Reason.timedOut: return true
        default: return current.lastUpdateTime.map { $0 + deadline < now } ?? false
        }
    }

    private static func failure(_ all: [ReplicaSet], _ new: ReplicaSet?) -> DeploymentCondition? {
        let sets = (new.map { [$0] } ?? []) + all
        guard let failure = sets.lazy.flatMap(\.status.conditions).first(where: { $0.type == "ReplicaFailure" }) else { return nil }
        return DeploymentCondition {
            $0.type = DeploymentNames.Condition.replicaFailure
            $0.status = failure.status
            $0.reason = failure.reason
            $0.message = failure.message
            $0.lastTransitionTime = failure.lastTransitionTime
            $0.lastUpdateTime = failure.lastTransitionTime
        }
    }
}

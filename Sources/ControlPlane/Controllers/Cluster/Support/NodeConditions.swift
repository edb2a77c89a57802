internal import APIMachinery
internal import KubernetesAPI

extension Node {
    func condition(_ type: String) -> NodeCondition? { status.conditions.first { $0.type == type } }
    var isReady: Bool { condition("Ready")?.status == "True" }
}

extension Array where Element == PodCondition {
    /// Sets a condition; one that stays as it was keeps its time.
    mutating func set(_ condition: PodCondition) {
        guard let index = firstIndex(where: { $0.type == condition.type }) else { return append(condition) }
        var condition = condition
        if self[index].status == condition.status { condition.lastTransitionTime = self[index].lastTransitionTime }
        self[index] = condition
    }
}

extension PodCondition {
    /// Says that the pod is ended from outside, and by whom.
    static func disruption(_ reason: String, _ message: String, for pod: Pod, now: Timestamp) -> PodCondition {
        PodCondition {
            $0.type = "DisruptionTarget"
            $0.status = "True"
            $0.reason = reason
            $0.message = message
            $0.observedGeneration = pod.metadata.generation
            $0.lastTransitionTime = now.truncatedToSeconds
        }
    }
}

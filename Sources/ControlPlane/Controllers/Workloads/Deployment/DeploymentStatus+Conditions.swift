internal import APIMachinery
internal import KubernetesAPI

extension DeploymentStatus {
    func condition(_ type: String) -> DeploymentCondition? { conditions.first { $0.type == type } }
    var progressing: DeploymentCondition? { condition(DeploymentNames.Condition.progressing) }

    /// Sets a condition; the same status and reason again change nothing, not even a time.
    mutating func set(_ condition: DeploymentCondition) {
        var condition = condition
        let current = self.condition(condition.type)
        if let current, current.status == condition.status, current.reason == condition.reason { return }
        if let current, current.status == condition.status { condition.lastTransitionTime = current.lastTransitionTime }
        remove(condition.type)
        conditions.append(condition)
    }

    mutating func remove(_ type: String) { conditions.removeAll { $0.type == type } }
}

extension DeploymentCondition {
    init(_ type: String, _ status: String, _ reason: String, _ message: String, at now: Timestamp) {
        self.init {
            $0.type = type
            $0.status = status
            $0.reason = reason
            $0.message = message
            $0.lastUpdateTime = now.truncatedToSeconds
            $0.lastTransitionTime = now.truncatedToSeconds
        }
    }
}

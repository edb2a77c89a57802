internal import APIMachinery
internal import KubernetesAPI

extension Job {
    var isIndexed: Bool { spec.completionMode == "Indexed" }
    var isSuspended: Bool { spec.suspend == true }
    var parallelism: Int { Int(spec.parallelism ?? 1) }
    var completions: Int? { spec.completions.map { Int($0) } }
    /// A pod is replaced when it has come to its end, not when it is on the way to it.
    var replacesOnlyFailed: Bool { spec.podReplacementPolicy == "Failed" }
    var hasLimitPerIndex: Bool { isIndexed && spec.backoffLimitPerIndex != nil }
    var isForeign: Bool { spec.managedBy.map { $0 != JobNames.managedBy } ?? false }

    func condition(_ type: String) -> JobCondition? { status.conditions.first { $0.type == type && $0.status == "True" } }
    /// The condition that says it is over, if it is.
    var end: JobCondition? { condition(JobNames.Condition.complete) ?? condition(JobNames.Condition.failed) }
}

extension JobCondition {
    init(_ type: String, status: String = "True", _ reason: String, _ message: String, at now: Timestamp) {
        self.init {
            $0.type = type
            $0.status = status
            $0.reason = reason
            $0.message = message
            $0.lastProbeTime = now.truncatedToSeconds
            $0.lastTransitionTime = now.truncatedToSeconds
        }
    }

    /// The same, as another condition.
    func renamed(_ type: String, at now: Timestamp) -> JobCondition { JobCondition(type, reason ?? "", message ?? "", at: now) }
}

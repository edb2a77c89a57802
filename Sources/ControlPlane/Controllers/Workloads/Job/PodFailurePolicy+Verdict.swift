internal import KubernetesAPI

extension PodFailurePolicy {
    /// What the first rule that matches a failed pod demands.
    struct Verdict: Hashable {
        enum Action: String { case failJob = "FailJob", failIndex = "FailIndex", ignore = "Ignore", count = "Count" }
        /// nil: no rule matches.
        var action: Action?
        /// Why the whole Job fails.
        var failJobMessage: String?
        var counts: Bool { action != .ignore }
    }

    func verdict(on pod: Pod) -> Verdict {
        let name = "\(pod.metadata.namespace ?? "")/\(pod.metadata.name ?? "")"
        for (index, rule) in rules.enumerated() {
            let message: String
            if let requirement = rule.onExitCodes {
                guard let status = requirement.match(pod.status) else { continue }
                message =
                    "Container \(status.name) for pod \(name) failed with exit code \(status.state.terminated?.exitCode ?? 0) matching "
                    + "\(rule.action) rule at index \(index)"
            } else {
                guard let condition = rule.match(pod.status.conditions) else { continue }
                message = "Pod \(name) has condition \(condition.type) matching \(rule.action) rule at index \(index)"
            }
            let action = Verdict.Action(rawValue: rule.action)
            return Verdict(action: action, failJobMessage: action == .failJob ? message : nil)
        }
        return Verdict()
    }
}

extension PodFailurePolicyOnExitCodesRequirement {
    /// The first container that ended with a code that is asked for. Code 0 never is.
    fileprivate func match(_ status: PodStatus) -> ContainerStatus? {
        (status.containerStatuses + status.initContainerStatuses).first { container in
            guard containerName == nil || containerName == container.name, let code = container.state.terminated?.exitCode, code != 0 else {
                return false
            }
            return values.contains(code) == (self.operator == "In")
        }
    }
}

extension PodFailurePolicyRule {
    fileprivate func match(_ conditions: [PodCondition]) -> PodCondition? {
        conditions.first { condition in onPodConditions.contains { $0.type == condition.type && $0.status == condition.status } }
    }
}

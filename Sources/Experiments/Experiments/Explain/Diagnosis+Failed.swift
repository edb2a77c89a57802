internal import APIMachinery
internal import KubernetesAPI

extension Diagnosis {
    private static let reasons: [String: (what: String, mend: String)] = [
        "Evicted": (
            "its node was short of something and ended it", "give it requests that match its use; kubectl describe node shows the pressure"
        ),
        "DeadlineExceeded": ("it ran longer than spec.activeDeadlineSeconds", "raise activeDeadlineSeconds, or make it faster"),
        "NodeLost": ("its node went away", "what owns it makes another one; a bare pod is not made again"),
        "NodeShutdown": ("its node was shut down", "what owns it makes another one"),
        "Terminated": ("its node was shut down", "what owns it makes another one"),
        "Shutdown": ("its node was shut down", "what owns it makes another one"),
        "Preempting": ("a critical pod needed its place", "give it a higher priorityClassName, or more room to the node"),
        "UnexpectedAdmissionError": ("its node could not give it what it asks for", "the message says what: devices, CPUs"),
        "NodeAffinity": ("its node did not match its nodeSelector or affinity any more", "compare them with the node's labels"),
        "NodePorts": ("another pod of the node has its hostPort", "take another hostPort"),
        "TaintToleration": ("its node has a NoExecute taint that it does not tolerate", "add a toleration, or take the taint off"),
        "SysctlForbidden": ("it sets a sysctl that the node does not allow", "allow it (--allowed-unsafe-sysctls), or leave it out"),
        "PodOSNotSupported": ("spec.os is not this node's", "set spec.os.name: linux"),
    ]

    /// Why the pod has failed for good.
    var failed: [Explanation.Finding] {
        if let reason = pod.status.reason, !reason.isEmpty { return [verdictOfNode(reason)] }
        if let disruption = condition("DisruptionTarget"), disruption.status == "True" { return [disrupted(disruption)] }
        let ended = failedContainers
        if !ended.isEmpty { return ended }
        var finding = Explanation.Finding("Failed", "ready", "it has failed: \(pod.status.message ?? "nobody said why")")
        finding.since = condition("Ready")?.lastTransitionTime
        return [finding]
    }

    private func verdictOfNode(_ reason: String) -> Explanation.Finding {
        let message = pod.status.message ?? ""
        var (what, mend) = Self.reasons[reason] ?? ("\(reason)", "")
        if reason.hasPrefix("OutOf") {
            let resource = reason.dropFirst("OutOf".count)
            (what, mend) = ("its node had not enough \(resource) left when it came", "lower its requests, end other pods, or add a node")
        }
        var finding = Explanation.Finding(reason, pod.status.containerStatuses.isEmpty ? "node" : "ready", "\(what): \(message)")
        finding.since = condition("Ready")?.lastTransitionTime ?? pod.status.startTime
        if let event = facts.latest([reason]) { finding.evidence.append(event.line(at: facts.now)) }
        if !mend.isEmpty { finding.mends = [mend] }
        return finding
    }

    private func disrupted(_ condition: PodCondition) -> Explanation.Finding {
        let reason = condition.reason ?? "DisruptionTarget"
        var finding = Explanation.Finding(reason, "ready", "it was ended from outside: \(condition.message ?? reason)")
        finding.since = condition.lastTransitionTime
        let mends = [
            "PreemptionByScheduler": "a pod of higher priority needed its place: give it a higher priorityClassName, or add a node",
            "DeletionByTaintManager": "its node got a NoExecute taint: add a toleration, or take the taint off",
            "EvictionByEvictionAPI": "somebody evicted it, as kubectl drain does: a PodDisruptionBudget limits that",
            "DeletionByPodGC": "its node is gone: what owns it makes another one",
            "TerminationByKubelet": "its node ended it: kubectl describe node shows the pressure",
        ]
        if let mend = mends[reason] { finding.mends = [mend] }
        return finding
    }

    private var failedContainers: [Explanation.Finding] {
        let all = pod.spec.initContainers + pod.spec.containers
        return (pod.status.initContainerStatuses + pod.status.containerStatuses).compactMap { status in
            guard let container = all.first(where: { $0.name == status.name }), let end = status.state.terminated, end.exitCode != 0,
                let account = exit(of: container, status)
            else { return nil }
            var finding = Explanation.Finding(end.reason ?? "Error", stage(container), "container \(container.name): \(account.what)")
            finding.since = end.finishedAt
            finding.evidence = account.evidence
            finding.mends = account.mends
            return finding
        }
    }
}

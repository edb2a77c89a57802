internal import APIMachinery
internal import KubernetesAPI

extension Diagnosis {
    private var running: [ContainerStatus] {
        (pod.status.initContainerStatuses + pod.status.containerStatuses).filter { $0.state.running != nil }
    }

    /// Why a deleted pod is still there.
    var ending: [Explanation.Finding] {
        guard let due = pod.metadata.deletionTimestamp else { return [] }
        if let finding = nodeTrouble {
            var stuck = finding
            stuck.code = "TerminatingOnLostNode"
            stuck.what = "it is to be removed, but \(finding.what): nobody can say that its containers have ended"
            stuck.mends += [
                "when the machine is certainly off: kubectl delete pod \(facts.name) -n \(facts.namespace) --grace-period=0 --force"
            ]
            return [stuck]
        }
        let hasEnded = running.isEmpty || ["Succeeded", "Failed"].contains(pod.status.phase)
        if hasEnded, !pod.metadata.finalizers.isEmpty { return [heldByFinalizers] }
        return [facts.now <= due ? inGrace(due) : overdue(due)]
    }

    private var heldByFinalizers: Explanation.Finding {
        let names = pod.metadata.finalizers.joined(separator: ", ")
        var finding = Explanation.Finding(
            "WaitsForFinalizers", "removed", "its containers have ended, but its finalizers keep it: \(names)")
        finding.since = pod.metadata.deletionTimestamp
        finding.mends = [
            "whoever set them takes them away when done; by hand: kubectl patch pod \(facts.name) -n \(facts.namespace) --type=merge -p '{\"metadata\":{\"finalizers\":null}}'"
        ]
        return finding
    }

    private func inGrace(_ due: Timestamp) -> Explanation.Finding {
        let names = running.map(\.name).joined(separator: ", ")
        let grace = pod.metadata.deletionGracePeriodSeconds ?? 0
        var finding = Explanation.Finding(
            "InGracePeriod", "removed",
            names.isEmpty
                ? "its containers have ended, and what it had is being cleared away"
                : "it has been asked to end and has \(ShortTime.text(due - facts.now)) of \(grace) s left: \(names)")
        finding.since = due - .seconds(grace)
        finding.next = due
        finding.isOrdinary = true
        let hook = facts.steps.last { $0.kind == .preStop && $0.end == nil }
        if let hook {
            finding.evidence.append("the preStop hook of container \(hook.container) has run for \(ShortTime.text(facts.now - hook.begin))")
        }
        return finding
    }

    private func overdue(_ due: Timestamp) -> Explanation.Finding {
        let names = running.map(\.name).joined(separator: ", ")
        var finding = Explanation.Finding(
            "TerminatingStuck", "removed",
            "its time to end was over \(ShortTime.text(facts.now - due)) ago"
                + (names.isEmpty ? ", and its node has not said that it is gone" : ", and these containers still run: \(names)"))
        finding.since = due
        if let event = facts.latest(["FailedKillPod", "FailedCleanUp", "FailedPreStopHook"]) {
            finding.evidence.append(event.line(at: facts.now))
        }
        finding.mends = [
            names.isEmpty
                ? "see that the node's agent runs: it removes the object once everything is cleared away"
                : "a process in an uninterruptible call (state D) can't be killed: look for a hanging disk or network file system"
        ]
        return finding
    }
}

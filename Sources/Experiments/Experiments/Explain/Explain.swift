internal import APIMachinery
internal import KubernetesAPI

extension Explanation {
    /// The whole analysis: facts in, answer out; nobody is asked anything.
    package init(_ facts: PodFacts) {
        guard let pod = facts.pod else {
            self.init(
                pod: facts.reference, uid: "", now: facts.now, verdict: .absent, phase: "", findings: AbsentPod(facts: facts).findings,
                stages: [], exits: [], nodes: [], gaps: facts.gaps)
            return
        }
        let diagnosis = Diagnosis(facts: facts, pod: pod)
        let findings = diagnosis.findings
        self.init(
            pod: facts.reference, uid: pod.metadata.uid ?? "", now: facts.now, verdict: diagnosis.verdict(findings),
            phase: pod.status.phase ?? "Pending", findings: findings, stages: Stages(facts: facts, pod: pod, findings: findings).all,
            exits: diagnosis.exits, nodes: SchedulingView(facts.scheduling).nodes, gaps: facts.gaps)
    }
}

/// What is wrong with a pod, in the order of its way through the house: what stands first holds up the rest.
struct Diagnosis {
    let facts: PodFacts
    let pod: Pod

    var findings: [Explanation.Finding] {
        if pod.metadata.deletionTimestamp != nil { return ending }
        if pod.status.phase == "Failed" { return failed }
        if pod.status.phase == "Succeeded" { return [] }
        if let finding = unscheduled { return [finding] }
        if let finding = nodeTrouble { return [finding] }
        if let finding = notTaken { return [finding] }
        if let finding = surroundings { return [finding] }
        let initial = initContainers
        if !initial.isEmpty { return initial }
        return containers + gates
    }

    func verdict(_ findings: [Explanation.Finding]) -> Explanation.Verdict {
        if pod.metadata.deletionTimestamp != nil { return .ending }
        switch pod.status.phase {
        case "Succeeded": return .fine
        case "Failed": return .failed
        default: break
        }
        if findings.contains(where: { !$0.isOrdinary }) { return .held }
        if !findings.isEmpty { return .starting }
        return condition("Ready")?.status == "True" ? .fine : .starting
    }

    func condition(_ type: String) -> PodCondition? { pod.status.conditions.first { $0.type == type } }

    /// The newest end of each container that has one.
    var exits: [ExitAccount] {
        let all = pod.spec.initContainers + pod.spec.containers
        return (pod.status.initContainerStatuses + pod.status.containerStatuses).compactMap { status in
            guard let container = all.first(where: { $0.name == status.name }) else { return nil }
            return exit(of: container, status)
        }.filter { $0.exitCode != 0 || $0.killer != .itself }
    }

    func exit(of container: Container, _ status: ContainerStatus) -> ExitAccount? {
        let isCurrent = status.state.terminated != nil
        guard let end = status.state.terminated ?? status.lastState.terminated else { return nil }
        // A container that waits to be started again is counted only when it has been.
        let isLast = isCurrent || status.state.waiting != nil
        let attempt = Int(status.restartCount) - (isLast ? 0 : 1)
        return ExitAnalysis(facts: facts, pod: pod, container: container, end: end, attempt: max(0, attempt)).account
    }
}

package import APIMachinery
package import KubernetesAPI

/// The conditions that the node agent owns, in the order in which it writes them.
package enum PodConditions {
    package static let readyToStartContainers = "PodReadyToStartContainers"
    package static let initialized = "Initialized"
    package static let ready = "Ready"
    package static let containersReady = "ContainersReady"
    package static let scheduled = "PodScheduled"
    static let owned = [
        readyToStartContainers, initialized, ready, containersReady, scheduled, LimitsCondition.type, ResizeState.pendingType,
        ResizeState.inProgressType,
    ]

    /// A condition without its times.
    struct Verdict {
        var isTrue: Bool
        var reason: String?
        var message: String?

        static let yes = Verdict(isTrue: true)
        static func no(_ reason: String? = nil, _ message: String? = nil) -> Verdict {
            Verdict(isTrue: false, reason: reason, message: message)
        }
    }

    /// - Parameter statuses: Of init and regular containers.
    /// - Parameter old: The conditions before; one that keeps its status keeps its transition time, those of others stay as they are.
    package static func all(
        _ pod: Pod, statuses: [APIContainerStatus], phase: PodPhase, hasReadySandbox: Bool, old: [PodCondition], now: Timestamp
    ) -> [PodCondition] {
        let byName = Dictionary(statuses.map { ($0.name, $0) }) { first, _ in first }
        let containers = containersVerdict(pod, byName, phase)
        let verdicts: [(String, Verdict)] = [
            (readyToStartContainers, hasReadySandbox ? .yes : .no()),
            (initialized, initializedVerdict(pod, byName, phase)),
            (ready, readyVerdict(pod, containers, old)),
            (containersReady, containers),
            (scheduled, .yes),
        ]
        let foreign = old.filter { !owned.contains($0.type) }
        return foreign + verdicts.map { type, verdict in condition(type, verdict, pod, old.first { $0.type == type }, now) }
    }

    private static func condition(
        _ type: String, _ verdict: Verdict, _ pod: Pod, _ old: PodCondition?, _ now: Timestamp
    ) -> PodCondition {
        PodCondition {
            $0.type = type
            $0.status = verdict.isTrue ? "True" : "False"
            $0.reason = verdict.reason
            $0.message = verdict.message
            $0.observedGeneration = pod.metadata.generation
            $0.lastTransitionTime = old?.status == $0.status ? old?.lastTransitionTime : now.truncatedToSeconds
        }
    }

    static func initializedVerdict(_ pod: Pod, _ statuses: [String: APIContainerStatus], _ phase: PodPhase) -> Verdict {
        if statuses.isEmpty, !pod.spec.initContainers.isEmpty { return .no("UnknownContainerStatuses") }
        var unknown: [String] = []
        var incomplete: [String] = []
        for container in pod.spec.initContainers {
            guard let status = statuses[container.name] else {
                unknown.append(container.name)
                continue
            }
            let isDone = container.isSidecar ? status.started == true : status.ready
            if !isDone { incomplete.append(container.name) }
        }
        if phase == .succeeded, unknown.isEmpty { return Verdict(isTrue: true, reason: "PodCompleted") }
        if hasAnyRegularContainerStarted(pod, statuses) { return .yes }
        return listing(unknown: unknown, others: incomplete, "incomplete", reason: "ContainersNotInitialized")
    }

    static func containersVerdict(_ pod: Pod, _ statuses: [String: APIContainerStatus], _ phase: PodPhase) -> Verdict {
        if statuses.isEmpty { return .no("UnknownContainerStatuses") }
        var unknown: [String] = []
        var unready: [String] = []
        for container in pod.sidecars + pod.spec.containers {
            guard let status = statuses[container.name] else {
                unknown.append(container.name)
                continue
            }
            if !status.ready { unready.append(container.name) }
        }
        if phase == .succeeded, unknown.isEmpty { return .no("PodCompleted") }
        if phase == .failed { return .no("PodFailed") }
        return listing(unknown: unknown, others: unready, "unready", reason: "ContainersNotReady")
    }

    private static func readyVerdict(_ pod: Pod, _ containers: Verdict, _ conditions: [PodCondition]) -> Verdict {
        guard containers.isTrue else { return containers }
        let complaints = pod.spec.readinessGates.compactMap { gate -> String? in
            guard let condition = conditions.first(where: { $0.type == gate.conditionType }) else {
                return "corresponding condition of pod readiness gate \"\(gate.conditionType)\" does not exist."
            }
            if condition.status == "True" { return nil }
            return "the status of pod readiness gate \"\(gate.conditionType)\" is not \"True\", but \(condition.status)"
        }
        return complaints.isEmpty ? .yes : .no("ReadinessGatesNotReady", complaints.joined(separator: ", "))
    }

    /// Names in the order of the spec, as Go prints a list.
    private static func listing(unknown: [String], others: [String], _ word: String, reason: String) -> Verdict {
        var parts: [String] = []
        if !unknown.isEmpty { parts.append("containers with unknown status: [\(unknown.joined(separator: " "))]") }
        if !others.isEmpty { parts.append("containers with \(word) status: [\(others.joined(separator: " "))]") }
        return parts.isEmpty ? .yes : .no(reason, parts.joined(separator: ", "))
    }

    static func hasAnyRegularContainerStarted(_ pod: Pod, _ statuses: [String: APIContainerStatus]) -> Bool {
        pod.spec.containers.contains { container in
            guard let status = statuses[container.name] else { return false }
            return status.state.running != nil || status.state.terminated != nil || status.lastState.terminated != nil
        }
    }
}

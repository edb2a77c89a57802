internal import APIMachinery
internal import KubernetesAPI

/// How many of a budget's pods may go: pure decisions, after upstream's disruption controller.
struct DisruptionBudget: Sendable {
    /// An eviction that was granted counts for so long until the pod is seen to go.
    static let deletionPatience = Duration.seconds(120)

    /// What the budget says of numbers.
    enum Rule: Hashable, Sendable {
        case minAvailable(IntOrString)
        case maxUnavailable(IntOrString)

        init?(_ spec: PodDisruptionBudgetSpec) {
            if let most = spec.maxUnavailable {
                self = .maxUnavailable(most)
            } else if let least = spec.minAvailable {
                self = .minAvailable(least)
            } else {
                return nil
            }
        }

        /// Whether it asks for how many pods there ought to be, which only their controllers know.
        var needsScale: Bool {
            switch self {
            case .maxUnavailable, .minAvailable(.string): true
            case .minAvailable(.int): false
            }
        }

        /// - Parameters:
        ///   - scale: Of all controllers of the pods.
        ///   - pods: That match.
        func counts(scale: Int, pods: Int) -> (expected: Int, desiredHealthy: Int) {
            switch self {
            case .minAvailable(.int(let least)): (pods, Int(least))
            case .minAvailable(let share): (scale, Self.number(share, of: scale))
            case .maxUnavailable(let most): (scale, max(0, scale - Self.number(most, of: scale)))
            }
        }

        /// Shares are rounded up.
        private static func number(_ value: IntOrString, of total: Int) -> Int {
            switch value {
            case .int(let number): Int(number)
            case .string: value.percentage.map { ($0 * total + 99) / 100 } ?? 0
            }
        }
    }

    /// Evictions that were granted and are not seen yet.
    struct Disrupted: Sendable {
        var pods: [String: Timestamp] = [:]
        /// Pods that were to go and did not.
        var stayed: [Pod] = []
        /// When the next one's time is over.
        var recheck: Timestamp?

        init(_ noted: [String: Timestamp], _ pods: [Pod], now: Timestamp) {
            for pod in pods {
                guard pod.metadata.deletionTimestamp == nil, let time = noted[pod.metadata.name ?? ""] else { continue }
                let end = time + DisruptionBudget.deletionPatience
                guard end > now else {
                    stayed.append(pod)
                    continue
                }
                self.pods[pod.metadata.name ?? ""] = time
                recheck = recheck.map { min($0, end) } ?? end
            }
        }
    }

    static func healthyCount(_ pods: [Pod], _ disrupted: Disrupted) -> Int {
        pods.count { $0.metadata.deletionTimestamp == nil && disrupted.pods[$0.metadata.name ?? ""] == nil && $0.isReady }
    }

    /// The budget's status.
    static func status(
        of budget: PodDisruptionBudget, expected: Int, desiredHealthy: Int, healthy: Int, disrupted: Disrupted, now: Timestamp
    ) -> PodDisruptionBudgetStatus {
        var status = budget.status
        status.expectedPods = Int32(expected)
        status.desiredHealthy = Int32(desiredHealthy)
        status.currentHealthy = Int32(healthy)
        status.disruptionsAllowed = expected > 0 ? Int32(max(0, healthy - desiredHealthy)) : 0
        status.disruptedPods = disrupted.pods
        status.observedGeneration = budget.metadata.generation
        let isAllowed = status.disruptionsAllowed > 0
        status.conditions.set(
            "DisruptionAllowed", isAllowed ? "True" : "False", reason: isAllowed ? "SufficientPods" : "InsufficientPods",
            generation: budget.metadata.generation, now: now)
        return status
    }

    /// The status when the numbers can't be known: nothing may go.
    static func failedStatus(of budget: PodDisruptionBudget, _ problem: String, now: Timestamp) -> PodDisruptionBudgetStatus {
        var status = budget.status
        status.disruptionsAllowed = 0
        status.observedGeneration = budget.metadata.generation
        status.conditions.set(
            "DisruptionAllowed", "False", reason: "SyncFailed", message: problem, generation: budget.metadata.generation, now: now)
        return status
    }
}

extension Array where Element == Condition {
    /// Sets a condition; one whose status stays keeps its time.
    mutating func set(_ type: String, _ status: String, reason: String, message: String = "", generation: Int64?, now: Timestamp) {
        let old = first { $0.type == type }
        let new = Condition {
            $0.type = type
            $0.status = status
            $0.reason = reason
            $0.message = message
            $0.observedGeneration = generation
            $0.lastTransitionTime = old?.status == status ? old?.lastTransitionTime : now.truncatedToSeconds
        }
        if let index = firstIndex(where: { $0.type == type }) { self[index] = new } else { append(new) }
    }
}

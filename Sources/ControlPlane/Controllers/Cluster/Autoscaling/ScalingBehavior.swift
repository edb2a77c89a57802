internal import APIMachinery
internal import KubernetesAPI

/// A change of size that was made.
struct ScaleEvent: Hashable, Sendable {
    /// Greater than 0 for more replicas.
    var change: Int
    var time: Timestamp
}

/// A size that metrics asked for.
struct Recommendation: Hashable, Sendable {
    var replicas: Int
    var time: Timestamp
}

/// How fast a target may follow its metrics: pure decisions over what was recommended and done before.
struct ScalingBehavior: Sendable {
    private let up: HPAScalingRules
    private let down: HPAScalingRules

    /// What is not said is upstream's: up at once, by 4 pods or 100 % in 15 s; down by the most of the last 300 s.
    init(_ behavior: HorizontalPodAutoscalerBehavior?) {
        up = Self.filled(behavior?.scaleUp, window: 0, [Self.policy("Pods", 4), Self.policy("Percent", 100)])
        down = Self.filled(behavior?.scaleDown, window: 300, [Self.policy("Percent", 100)])
    }

    private static func policy(_ type: String, _ value: Int32) -> HPAScalingPolicy {
        HPAScalingPolicy {
            $0.type = type
            $0.value = value
            $0.periodSeconds = 15
        }
    }

    private static func filled(_ rules: HPAScalingRules?, window: Int32, _ policies: [HPAScalingPolicy]) -> HPAScalingRules {
        var rules = rules ?? HPAScalingRules()
        rules.stabilizationWindowSeconds = rules.stabilizationWindowSeconds ?? window
        if rules.policies.isEmpty { rules.policies = policies }
        return rules
    }

    /// Upstream's 10 %, unless a direction says otherwise.
    var tolerance: (up: Double, down: Double) { (up.tolerance?.doubleValue ?? 0.1, down.tolerance?.doubleValue ?? 0.1) }

    /// The longest time that what was recommended and done matters.
    var memory: Duration {
        let seconds =
            [up, down].flatMap { rules in rules.policies.map(\.periodSeconds) + [rules.stabilizationWindowSeconds ?? 0] }.max() ?? 0
        return .seconds(Int64(seconds))
    }

    struct Outcome: Hashable, Sendable {
        var replicas: Int
        /// Why it is another size than the one recommended now, of AbleToScale.
        var stabilization: (reason: String, message: String)
        /// Of ScalingLimited; nil when nothing limits it.
        var limit: (reason: String, message: String)?

        static func == (left: Self, right: Self) -> Bool {
            left.replicas == right.replicas && left.stabilization == right.stabilization && left.limit?.reason == right.limit?.reason
        }

        func hash(into hasher: inout Hasher) { hasher.combine(replicas) }
    }

    /// - Parameters:
    ///   - recommended: Now.
    ///   - before: Recommendations of the past.
    func outcome(
        current: Int, recommended: Int, before: [Recommendation], events: [ScaleEvent], bounds: ClosedRange<Int>, now: Timestamp
    ) -> Outcome {
        let stable = stabilized(current, recommended, before, now)
        let reason: (String, String) =
            stable > recommended
            ? ("ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation")
            : stable < recommended
                ? ("ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation")
                : ("ReadyForNewScale", "recommended size matches current size")
        let (replicas, limit) = limited(current, stable, events, bounds, now)
        return Outcome(replicas: replicas, stabilization: reason, limit: limit)
    }

    private func stabilized(_ current: Int, _ recommended: Int, _ before: [Recommendation], _ now: Timestamp) -> Int {
        func window(_ rules: HPAScalingRules) -> [Int] {
            let begin = now - .seconds(Int64(rules.stabilizationWindowSeconds ?? 0))
            return before.filter { $0.time > begin }.map(\.replicas) + [recommended]
        }
        let (lowest, highest) = (window(up).min() ?? recommended, window(down).max() ?? recommended)
        return min(max(current, lowest), max(highest, lowest))
    }

    private func limited(
        _ current: Int, _ wanted: Int, _ events: [ScaleEvent], _ bounds: ClosedRange<Int>, _ now: Timestamp
    ) -> (Int, (reason: String, message: String)?) {
        if wanted > current {
            let rate = max(current, upLimit(current, events, now))
            let most = min(bounds.upperBound, rate)
            guard wanted > most else { return within(wanted, bounds) }
            return rate < bounds.upperBound
                ? (most, ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"))
                : (most, ("TooManyReplicas", "the desired replica count is more than the maximum replica count"))
        }
        guard wanted < current else { return within(wanted, bounds) }
        let rate = min(current, downLimit(current, events, now))
        let least = max(bounds.lowerBound, rate)
        guard wanted < least else { return within(wanted, bounds) }
        return rate > bounds.lowerBound
            ? (least, ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"))
            : (least, ("TooFewReplicas", "the desired replica count is less than the minimum replica count"))
    }

    private func within(_ wanted: Int, _ bounds: ClosedRange<Int>) -> (Int, (reason: String, message: String)?) {
        if wanted > bounds.upperBound {
            return (bounds.upperBound, ("TooManyReplicas", "the desired replica count is more than the maximum replica count"))
        }
        if wanted < bounds.lowerBound {
            return (bounds.lowerBound, ("TooFewReplicas", "the desired replica count is less than the minimum replica count"))
        }
        return (wanted, nil)
    }

    private func upLimit(_ current: Int, _ events: [ScaleEvent], _ now: Timestamp) -> Int {
        guard up.selectPolicy != "Disabled" else { return current }
        let limits = up.policies.map { policy in
            let start = atBegin(of: policy, current, events, now)
            return policy.type == "Pods" ? start + Int(policy.value) : Int((Double(start) * (1 + Double(policy.value) / 100)).rounded(.up))
        }
        return (up.selectPolicy == "Min" ? limits.min() : limits.max()) ?? current
    }

    private func downLimit(_ current: Int, _ events: [ScaleEvent], _ now: Timestamp) -> Int {
        guard down.selectPolicy != "Disabled" else { return current }
        let limits = down.policies.map { policy in
            let start = atBegin(of: policy, current, events, now)
            return policy.type == "Pods" ? start - Int(policy.value) : Int(Double(start) * (1 - Double(policy.value) / 100))
        }
        // The policy that changes least leaves the most.
        return (down.selectPolicy == "Min" ? limits.max() : limits.min()) ?? current
    }

    /// How many there were when the policy's period began.
    private func atBegin(of policy: HPAScalingPolicy, _ current: Int, _ events: [ScaleEvent], _ now: Timestamp) -> Int {
        let begin = now - .seconds(Int64(policy.periodSeconds))
        return current - events.filter { $0.time > begin }.reduce(0) { $0 + $1.change }
    }
}

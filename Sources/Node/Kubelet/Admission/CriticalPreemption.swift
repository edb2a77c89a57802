internal import APIMachinery
package import KubernetesAPI

/// Whom a critical pod may push off a node that is full. Pure; follows the kubelet's preemption package.
package enum CriticalPreemption {
    package static let message = "Preempted in order to admit critical pod"
    package static let disruption = "Pod was preempted by Kubelet to accommodate a critical pod."

    package enum Plan: Sendable, Hashable {
        /// UIDs of the pods to end.
        case preempt([PodUID])
        /// What is missing cannot be got; how the kubelet says so.
        case impossible(String)
    }

    package static func plan(for pod: Pod, among others: [Pod], _ configuration: KubeletConfiguration) -> Plan {
        var missing = missing(for: pod, others, configuration)
        let candidates = others.filter { canPreempt(pod, $0) }
        let unreachable = remaining(missing, after: candidates)
        guard unreachable.isEmpty else { return .impossible(Self.text(unreachable)) }
        // The classes in the order in which they are spared: whoever stands in for less gives way last.
        let classes: [QoSClass] = [.guaranteed, .burstable, .bestEffort]
        let byClass = classes.map { name in candidates.filter { QoSClass(of: $0) == name } }
        var victims: [Pod] = []
        for index in classes.indices {
            // Of this class only what those below it cannot give.
            let rest = remaining(missing, after: byClass[(index + 1)...].flatMap { $0 })
            let chosen = fewest(byClass[index], rest)
            victims += chosen
            missing = remaining(missing, after: chosen)
        }
        return .preempt(victims.map(\.uid))
    }

    private static func text(_ missing: [String: Int64]) -> String {
        let items = missing.sorted { $0.key < $1.key }.map { "(res: \($0.key), q: \($0.value)), " }
        return "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: "
            + "no set of running pods found to reclaim resources: [\(items.joined())]"
    }

    /// A critical pod is not pushed off for another one unless that is more important.
    private static func canPreempt(_ preemptor: Pod, _ pod: Pod) -> Bool {
        if !pod.isCritical { return true }
        guard let own = preemptor.spec.priority, let other = pod.spec.priority else { return false }
        return own > other
    }

    /// Resource → amount that is lacking, CPU in thousandths.
    private static func missing(for pod: Pod, _ others: [Pod], _ configuration: KubeletConfiguration) -> [String: Int64] {
        let facts = configuration.node
        let capacities: [(String, Int64?)] = [
            ("pods", facts.maxPods), ("cpu", facts.allocatableMilliCPU), ("memory", facts.allocatableMemoryBytes),
            ("ephemeral-storage", facts.allocatableStorageBytes),
        ]
        var missing: [String: Int64] = [:]
        for (name, capacity) in capacities {
            guard let capacity, amount(pod, name) > 0 else { continue }
            let lack = amount(pod, name) + others.reduce(0) { $0 + amount($1, name) } - capacity
            if lack > 0 { missing[name] = lack }
        }
        return missing
    }

    private static func amount(_ pod: Pod, _ resource: String) -> Int64 {
        if resource == "pods" { return 1 }
        let requests = PodResources.requests(pod)
        return resource == "cpu" ? requests.milliValue("cpu") : requests.value(resource)
    }

    private static func remaining(_ missing: [String: Int64], after pods: [Pod]) -> [String: Int64] {
        var rest = missing
        for (name, lack) in missing {
            let left = lack - pods.reduce(0) { $0 + amount($1, name) }
            rest[name] = left > 0 ? left : nil
        }
        return rest
    }

    /// As few pods as will do: each time the one that gives most of what is missing, and of those that give as much the smaller.
    private static func fewest(_ pods: [Pod], _ missing: [String: Int64]) -> [Pod] {
        var (missing, pods, chosen) = (missing, pods, [Pod]())
        while !missing.isEmpty, !pods.isEmpty {
            let distances = pods.map { distance(missing, $0) }
            guard
                let best = pods.indices.min(by: { left, right in
                    distances[left] == distances[right] ? isSmaller(pods[left], pods[right]) : distances[left] < distances[right]
                })
            else { break }
            let pod = pods.remove(at: best)
            missing = remaining(missing, after: [pod])
            chosen.append(pod)
        }
        return chosen
    }

    /// What would be missing still, as a sum of squared shares.
    private static func distance(_ missing: [String: Int64], _ pod: Pod) -> Double {
        missing.reduce(0) { sum, need in
            let rest = Double(max(0, need.value - amount(pod, need.key))) / Double(need.value)
            return sum + rest * rest
        }
    }

    private static func isSmaller(_ left: Pod, _ right: Pod) -> Bool {
        for name in ["memory", "cpu"] where amount(left, name) != amount(right, name) { return amount(left, name) < amount(right, name) }
        return false
    }
}

internal import APIMachinery
internal import KubernetesAPI

/// The taints that follow from a node's conditions: pure decisions.
enum NodeTaints {
    static let notReady = "node.kubernetes.io/not-ready"
    static let unreachable = "node.kubernetes.io/unreachable"
    static let unschedulable = "node.kubernetes.io/unschedulable"
    static let outOfService = "node.kubernetes.io/out-of-service"

    /// By condition and its status.
    private static let byCondition: [String: [String: String]] = [
        "Ready": ["False": notReady, "Unknown": unreachable],
        "MemoryPressure": ["True": "node.kubernetes.io/memory-pressure"],
        "DiskPressure": ["True": "node.kubernetes.io/disk-pressure"],
        "NetworkUnavailable": ["True": "node.kubernetes.io/network-unavailable"],
        "PIDPressure": ["True": "node.kubernetes.io/pid-pressure"],
    ]
    private static let managed = Set(byCondition.values.flatMap(\.values) + [unschedulable])

    /// The node's taints as they ought to be, as far as they keep new pods away (effect NoSchedule).
    static func schedulingTaints(of node: Node, now: Timestamp) -> [Taint] {
        var wanted = node.status.conditions.compactMap { byCondition[$0.type]?[$0.status] }
        if node.spec.unschedulable == true { wanted.append(unschedulable) }
        var taints = node.spec.taints.filter { $0.effect != "NoSchedule" || !managed.contains($0.key) || wanted.contains($0.key) }
        for key in wanted where !taints.contains(where: { $0.key == key && $0.effect == "NoSchedule" }) {
            taints.append(taint(key, "NoSchedule", now))
        }
        return taints
    }

    /// The node's taints with those by which pods are evicted (effect NoExecute).
    ///
    /// - Parameter key: `notReady`, `unreachable`; nil for neither.
    static func evictionTaints(of node: Node, key: String?, now: Timestamp) -> [Taint] {
        var taints = node.spec.taints.filter {
            $0.effect != "NoExecute" || ![notReady, unreachable].contains($0.key) || $0.key == key
        }
        if let key, !hasEvictionTaint(node, key) { taints.append(taint(key, "NoExecute", now)) }
        return taints
    }

    static func hasEvictionTaint(_ node: Node, _ key: String) -> Bool {
        node.spec.taints.contains { $0.key == key && $0.effect == "NoExecute" }
    }

    private static func taint(_ key: String, _ effect: String, _ now: Timestamp) -> Taint {
        Taint {
            $0.key = key
            $0.effect = effect
            $0.timeAdded = now.truncatedToSeconds
        }
    }
}

internal import APIMachinery
internal import KubernetesAPI

/// Whether a DaemonSet has a pod on a node: a pure decision over the node's name, labels and taints.
struct DaemonNodeFit: Hashable {
    /// A pod is to be there.
    var shouldRun: Bool
    /// A pod that is there may stay.
    var mayContinue: Bool

    init(_ spec: PodSpec, _ node: Node) {
        guard spec.nodeName == nil || spec.nodeName == node.metadata.name, Self.affinityMatches(spec, node) else {
            (shouldRun, mayContinue) = (false, false)
            return
        }
        let tolerations = DaemonPods.tolerations(of: spec)
        func isBarred(by effects: Set<String>) -> Bool {
            node.spec.taints.contains { taint in
                effects.contains(taint.effect) && !tolerations.contains { Self.tolerates($0, taint) }
            }
        }
        shouldRun = !isBarred(by: ["NoSchedule", "NoExecute"])
        mayContinue = !isBarred(by: ["NoExecute"])
    }

    private static func tolerates(_ toleration: Toleration, _ taint: Taint) -> Bool {
        guard toleration.effect == nil || toleration.effect == taint.effect else { return false }
        guard toleration.key == nil || toleration.key == taint.key else { return false }
        if toleration.operator == "Exists" { return true }
        return toleration.key != nil && (toleration.value ?? "") == (taint.value ?? "")
    }

    private static func affinityMatches(_ spec: PodSpec, _ node: Node) -> Bool {
        guard spec.nodeSelector.allSatisfy({ node.metadata.labels[$0.key] == $0.value }) else { return false }
        guard let required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return required.nodeSelectorTerms.contains { term in
            // A term that demands nothing matches nothing.
            guard !term.matchExpressions.isEmpty || !term.matchFields.isEmpty else { return false }
            return term.matchExpressions.allSatisfy { matches($0, node.metadata.labels[$0.key]) }
                && term.matchFields.allSatisfy { $0.key == "metadata.name" && matches($0, node.metadata.name) }
        }
    }

    private static func matches(_ requirement: NodeSelectorRequirement, _ value: String?) -> Bool {
        switch requirement.operator {
        case "In": value.map { requirement.values.contains($0) } ?? false
        case "NotIn": value.map { !requirement.values.contains($0) } ?? true
        case "Exists": value != nil
        case "DoesNotExist": value == nil
        case "Gt": compare(requirement, value) { $0 > $1 }
        case "Lt": compare(requirement, value) { $0 < $1 }
        default: false
        }
    }

    private static func compare(_ requirement: NodeSelectorRequirement, _ value: String?, _ isIn: (Int64, Int64) -> Bool) -> Bool {
        guard requirement.values.count == 1, let bound = Int64(requirement.values[0]), let number = value.flatMap({ Int64($0) }) else {
            return false
        }
        return isIn(number, bound)
    }
}

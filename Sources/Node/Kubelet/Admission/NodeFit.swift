internal import APIMachinery
package import KubernetesAPI

/// Whether a node's labels and taints suit a pod. Pure; decides as upstream's scheduler plugins do, which the kubelet asks once more.
package enum NodeFit {
    /// `spec.nodeSelector` and the required node affinity, both.
    package static func matchesAffinity(_ pod: Pod, _ node: Node) -> Bool {
        guard Selector(equalTo: pod.spec.nodeSelector).matches(node.metadata.labels) else { return false }
        guard let required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return required.nodeSelectorTerms.contains { matches($0, node) }
    }

    /// A term without any requirement, or with one that can't be read, holds nowhere.
    private static func matches(_ term: NodeSelectorTerm, _ node: Node) -> Bool {
        let labels = term.matchExpressions.map(requirement)
        let fields = term.matchFields.map(requirement)
        guard !(labels + fields).isEmpty, !(labels + fields).contains(nil) else { return false }
        return labels.allSatisfy { $0?.matches(node.metadata.labels) ?? false }
            && fields.allSatisfy { $0?.matches(["metadata.name": node.metadata.name ?? ""]) ?? false }
    }

    private static func requirement(_ wanted: NodeSelectorRequirement) -> Selector.Requirement? {
        let operators: [String: Selector.Requirement.Operator] = [
            "In": .in, "NotIn": .notIn, "Exists": .exists, "DoesNotExist": .doesNotExist, "Gt": .greaterThan, "Lt": .lessThan,
        ]
        return operators[wanted.operator].map { Selector.Requirement(key: wanted.key, operator: $0, values: wanted.values) }
    }

    static func toleratesMemoryPressure(_ pod: Pod) -> Bool {
        let taint = Taint {
            $0.key = "node.kubernetes.io/memory-pressure"
            $0.effect = "NoSchedule"
        }
        return pod.spec.tolerations.contains { $0.tolerates(taint) }
    }

    /// The first taint that ends pods and that this one does not bear.
    package static func untolerated(_ pod: Pod, _ node: Node) -> Taint? {
        node.spec.taints.first { taint in taint.effect == "NoExecute" && !pod.spec.tolerations.contains { $0.tolerates(taint) } }
    }
}

extension Toleration {
    /// An empty effect or key stands for all of them.
    fileprivate func tolerates(_ taint: Taint) -> Bool {
        if let effect, effect != taint.effect { return false }
        if let key, key != taint.key { return false }
        switch self.operator ?? "Equal" {
        case "Exists": return true
        case "Equal": return (value ?? "") == (taint.value ?? "")
        default: return false
        }
    }
}

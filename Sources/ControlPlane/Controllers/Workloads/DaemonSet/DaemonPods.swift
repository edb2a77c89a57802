internal import APIMachinery
internal import KubernetesAPI

/// What a DaemonSet's pods have beside the template.
enum DaemonPods {
    static let hashLabel = "controller-revision-hash"
    static let generationLabel = "pod-template-generation"
    static let generationAnnotation = "deprecated.daemonset.template.generation"

    /// What goes wrong on a node does not keep its own pods away.
    private static let added: [(key: String, effect: String)] = [
        ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"), ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
    ]

    static func tolerations(of spec: PodSpec) -> [Toleration] {
        var tolerations = spec.tolerations
        for (name, effect) in added + (spec.hostNetwork == true ? [("network-unavailable", "NoSchedule")] : []) {
            let toleration = Toleration {
                $0.key = "node.kubernetes.io/\(name)"
                $0.operator = "Exists"
                $0.effect = effect
            }
            if !tolerations.contains(toleration) { tolerations.append(toleration) }
        }
        return tolerations
    }

    static func template(of set: DaemonSet, hash: String) -> PodTemplateSpec {
        var template = set.spec.template
        template.spec.tolerations = tolerations(of: template.spec)
        if let generation = generation(of: set) { template.metadata.labels[generationLabel] = generation }
        template.metadata.labels[hashLabel] = hash
        return template
    }

    /// For one node alone: the scheduler binds it, and to no other.
    static func template(_ template: PodTemplateSpec, on node: String) -> PodTemplateSpec {
        var template = template
        var affinity = template.spec.affinity ?? Affinity()
        var nodeAffinity = affinity.nodeAffinity ?? NodeAffinity()
        var required = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? NodeSelector()
        let name = NodeSelectorRequirement {
            $0.key = "metadata.name"
            $0.operator = "In"
            $0.values = [node]
        }
        // The node matches the other terms already; only its name counts from here on.
        required.nodeSelectorTerms = [NodeSelectorTerm { $0.matchFields = [name] }]
        nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = required
        affinity.nodeAffinity = nodeAffinity
        template.spec.affinity = affinity
        return template
    }

    static func generation(of set: DaemonSet) -> String? { set.metadata.annotations[generationAnnotation] }

    static func isUpdated(_ pod: Pod, of set: DaemonSet, hash: String) -> Bool {
        if !hash.isEmpty, pod.metadata.labels[hashLabel] == hash { return true }
        return generation(of: set).map { pod.metadata.labels[generationLabel] == $0 } ?? false
    }

    /// The node that a pod is on, or is made for.
    static func node(of pod: Pod) -> String? {
        if let node = pod.spec.nodeName { return node }
        let required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        for term in required?.nodeSelectorTerms ?? [] {
            for field in term.matchFields where field.key == "metadata.name" && field.operator == "In" && field.values.count == 1 {
                return field.values[0]
            }
        }
        return nil
    }
}

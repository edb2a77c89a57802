package import APIMachinery
internal import KubernetesAPI

/// The namespaces that a term of pod affinity speaks of.
package struct NamespaceScope: Hashable, Sendable {
    package var names: Set<String>
    /// Namespaces with such labels as well; nil for none.
    package var selector: Selector?

    package func contains(_ namespace: String, labels: [String: String]) -> Bool {
        names.contains(namespace) || (selector?.matches(labels) ?? false)
    }
}

/// Pods by namespace and labels.
package struct PodSelection: Hashable, Sendable {
    package var scope: NamespaceScope
    /// nil selects nothing.
    package var labels: Selector?
    /// Pods that are being deleted don't count.
    package var ignoresTerminating = false

    package func matches(_ pod: PodInfo, _ namespaces: NamespaceLabels) -> Bool {
        guard let labels, !(ignoresTerminating && pod.isTerminating) else { return false }
        return scope.contains(pod.key.namespace, labels: namespaces[pod.key.namespace]) && labels.matches(pod.labels)
    }
}

/// The labels of each namespace; one that is not known has none.
package struct NamespaceLabels: Hashable, Sendable {
    private var labels: [String: [String: String]] = [:]

    package init() {}

    package subscript(namespace: String) -> [String: String] {
        get { labels[namespace] ?? [:] }
        set { labels[namespace] = newValue.isEmpty ? nil : newValue }
    }
}

/// One term of pod affinity or anti-affinity: near, or far from, the selected pods in the sense of a node label.
package struct AffinityTerm: Hashable, Sendable {
    package var pods: PodSelection
    package var topologyKey: String

    /// - Parameter pod: Whose term it is.
    init(_ term: PodAffinityTerm, of pod: Pod) {
        let own = pod.metadata.namespace ?? ""
        let isOwnOnly = term.namespaces.isEmpty && term.namespaceSelector == nil
        let scope = NamespaceScope(
            names: isOwnOnly ? [own] : Set(term.namespaces), selector: term.namespaceSelector.flatMap { try? $0.selector() })
        var labels = term.labelSelector.flatMap { try? $0.selector() }
        for (keys, isIn) in [(term.matchLabelKeys, true), (term.mismatchLabelKeys, false)] {
            for key in keys { labels?.require(key, pod.metadata.labels[key], isIn) }
        }
        pods = PodSelection(scope: scope, labels: labels)
        topologyKey = term.topologyKey
    }
}

/// A term with the weight of a preference; negative for anti-affinity.
package struct WeightedTerm: Hashable, Sendable {
    package var term: AffinityTerm
    package var weight: Int64
}

/// How pods are to be spread over the values of a node label.
package struct SpreadConstraint: Hashable, Sendable {
    package var maxSkew: Int64
    package var topologyKey: String
    package var pods: PodSelection
    package var minDomains: Int64 = 1
    package var honoursNodeAffinity = true
    package var honoursTaints = false

    init(_ constraint: TopologySpreadConstraint, of pod: Pod) {
        maxSkew = Int64(constraint.maxSkew)
        topologyKey = constraint.topologyKey
        var labels = constraint.labelSelector.flatMap { try? $0.selector() }
        for key in constraint.matchLabelKeys { labels?.require(key, pod.metadata.labels[key], true) }
        pods = PodSelection(
            scope: NamespaceScope(names: [pod.metadata.namespace ?? ""], selector: nil), labels: labels, ignoresTerminating: true)
        minDomains = Int64(constraint.minDomains ?? 1)
        honoursNodeAffinity = constraint.nodeAffinityPolicy != "Ignore"
        honoursTaints = constraint.nodeTaintsPolicy == "Honor"
    }

    /// One that no pod asks for itself.
    package init(maxSkew: Int64, topologyKey: String, namespace: String, labels: Selector) {
        self.maxSkew = maxSkew
        self.topologyKey = topologyKey
        pods = PodSelection(scope: NamespaceScope(names: [namespace], selector: nil), labels: labels, ignoresTerminating: true)
    }
}

extension Selector {
    /// Adds that a label has, or has not, the value that a pod's own has. A pod without the label adds nothing. What is required already is not
    /// added again: the API server may have done it.
    mutating func require(_ key: String, _ value: String?, _ isIn: Bool) {
        guard let value else { return }
        let requirement = Requirement(key: key, operator: isIn ? .in : .notIn, values: [value])
        if !requirements.contains(requirement) { requirements.append(requirement) }
    }
}

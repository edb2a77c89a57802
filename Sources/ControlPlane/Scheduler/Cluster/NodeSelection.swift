package import APIMachinery
package import KubernetesAPI

/// Terms over a node's labels and name, of which one must hold: node affinity of pods and of volumes.
package struct NodeTerms: Hashable, Sendable {
    package struct Term: Hashable, Sendable {
        var labels: Selector
        var fields: Selector
        /// A term without any requirement, or with one that can't be read, holds nowhere.
        var holdsNowhere: Bool

        package func matches(_ node: NodeInfo) -> Bool {
            guard !holdsNowhere, labels.matches(node.labels) else { return false }
            return fields.requirements.allSatisfy { $0.matches([$0.key == "metadata.name" ? $0.key : "": node.name]) }
        }
    }
    package var terms: [Term]

    package init(_ selector: NodeSelector) { terms = selector.nodeSelectorTerms.map { Term($0) } }

    package func matches(_ node: NodeInfo) -> Bool { terms.contains { $0.matches(node) } }

    /// The nodes that the terms name, when every term names some.
    var namedNodes: Set<String>? {
        var names: Set<String> = []
        for term in terms {
            let lists = term.fields.requirements.filter { $0.key == "metadata.name" && $0.operator == .in }.map { Set($0.values) }
            guard var common = lists.first else { return nil }
            for list in lists.dropFirst() { common.formIntersection(list) }
            names.formUnion(common)
        }
        return terms.isEmpty ? nil : names
    }
}

extension NodeTerms.Term {
    init(_ term: NodeSelectorTerm) {
        let labels = term.matchExpressions.map { Selector.Requirement($0) }
        let fields = term.matchFields.map { Selector.Requirement($0) }
        holdsNowhere = labels.count + fields.count == 0 || (labels + fields).contains { $0 == nil }
        self.labels = Selector(labels.compactMap { $0 })
        self.fields = Selector(fields.compactMap { $0 })
    }
}

extension Selector.Requirement {
    /// nil for an unknown operator.
    init?(_ requirement: NodeSelectorRequirement) {
        let kind: Operator
        switch requirement.operator {
        case "In": kind = .in
        case "NotIn": kind = .notIn
        case "Exists": kind = .exists
        case "DoesNotExist": kind = .doesNotExist
        case "Gt": kind = .greaterThan
        case "Lt": kind = .lessThan
        default: return nil
        }
        self.init(key: requirement.key, operator: kind, values: requirement.values)
    }
}

/// What a pod demands of a node's labels: `spec.nodeSelector` and the required node affinity, both.
package struct NodeDemand: Hashable, Sendable {
    package var selector: Selector
    package var terms: NodeTerms?

    /// nil when the pod takes any node.
    package init?(_ pod: Pod) {
        terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution.map { NodeTerms($0) }
        selector = Selector(equalTo: pod.spec.nodeSelector)
        guard terms != nil || !selector.isEmpty else { return nil }
    }

    package func matches(_ node: NodeInfo) -> Bool { selector.matches(node.labels) && (terms?.matches(node) ?? true) }
}

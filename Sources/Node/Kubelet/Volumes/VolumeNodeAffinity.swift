internal import KubernetesAPI

/// Whether a volume may be used on a node with these labels.
enum VolumeNodeAffinity {
    /// One term has to match; one without any requirement matches nothing.
    static func holds(_ selector: NodeSelector, _ labels: [String: String]) -> Bool {
        selector.nodeSelectorTerms.contains { term in
            // Of fields nodes have metadata.name only, which volumes do not use.
            !term.matchExpressions.isEmpty && term.matchFields.isEmpty && term.matchExpressions.allSatisfy { holds($0, labels[$0.key]) }
        }
    }

    private static func holds(_ requirement: NodeSelectorRequirement, _ value: String?) -> Bool {
        switch requirement.operator {
        case "In": value.map { requirement.values.contains($0) } ?? false
        case "NotIn": value.map { !requirement.values.contains($0) } ?? true
        case "Exists": value != nil
        case "DoesNotExist": value == nil
        case "Gt": compare(value, requirement.values) { $0 > $1 }
        case "Lt": compare(value, requirement.values) { $0 < $1 }
        default: false
        }
    }

    private static func compare(_ value: String?, _ bounds: [String], _ holds: (Int64, Int64) -> Bool) -> Bool {
        guard let number = value.flatMap({ Int64($0) }), bounds.count == 1, let bound = Int64(bounds[0]) else { return false }
        return holds(number, bound)
    }
}

internal import APIMachinery

extension Validator {
    private static let required = "requiredDuringSchedulingIgnoredDuringExecution"
    private static let preferred = "preferredDuringSchedulingIgnoredDuringExecution"

    mutating func affinity(_ affinity: Affinity?, _ path: FieldPath) {
        guard let affinity else { return }
        if let node = affinity.nodeAffinity { nodeAffinity(node, path.child("nodeAffinity")) }
        if let pod = affinity.podAffinity {
            podTerms(
                pod.requiredDuringSchedulingIgnoredDuringExecution,
                pod.preferredDuringSchedulingIgnoredDuringExecution, path.child("podAffinity"))
        }
        if let pod = affinity.podAntiAffinity {
            podTerms(
                pod.requiredDuringSchedulingIgnoredDuringExecution,
                pod.preferredDuringSchedulingIgnoredDuringExecution, path.child("podAntiAffinity"))
        }
    }

    private mutating func nodeAffinity(_ affinity: NodeAffinity, _ path: FieldPath) {
        if let selector = affinity.requiredDuringSchedulingIgnoredDuringExecution {
            let path = path.child(Self.required, "nodeSelectorTerms")
            if selector.nodeSelectorTerms.isEmpty {
                report(.required(path, "must have at least one node selector term"))
            }
            for (index, term) in selector.nodeSelectorTerms.enumerated() { nodeTerm(term, path.index(index)) }
        }
        for (index, term) in affinity.preferredDuringSchedulingIgnoredDuringExecution.enumerated() {
            let path = path.child(Self.preferred).index(index)
            weight(term.weight, path.child("weight"))
            nodeTerm(term.preference, path.child("preference"))
        }
    }

    private mutating func weight(_ weight: Int32, _ path: FieldPath) {
        if !(1...100).contains(weight) {
            report(.invalid(path, .integer(Int64(weight)), "must be in the range 1-100"))
        }
    }

    private mutating func nodeTerm(_ term: NodeSelectorTerm, _ path: FieldPath) {
        for (index, requirement) in term.matchExpressions.enumerated() {
            nodeRequirement(requirement, path.child("matchExpressions").index(index))
        }
        for (index, requirement) in term.matchFields.enumerated() {
            nodeField(requirement, path.child("matchFields").index(index))
        }
    }

    private mutating func nodeRequirement(_ requirement: NodeSelectorRequirement, _ path: FieldPath) {
        let values = path.child("values")
        switch requirement.operator {
        case "In", "NotIn":
            if requirement.values.isEmpty {
                report(.required(values, "must be specified when `operator` is 'In' or 'NotIn'"))
            }
        case "Exists", "DoesNotExist":
            if !requirement.values.isEmpty {
                report(.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        case "Gt", "Lt":
            if requirement.values.count != 1 {
                report(.required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
            }
        default:
            report(.invalid(path.child("operator"), .string(requirement.operator), "not a valid selector operator"))
        }
        invalid(path.child("key"), requirement.key, NameValidation.qualifiedName(requirement.key))
    }

    private mutating func nodeField(_ requirement: NodeSelectorRequirement, _ path: FieldPath) {
        switch requirement.operator {
        case "In", "NotIn":
            if requirement.values.count != 1 {
                report(
                    .required(
                        path.child("values"),
                        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
            }
        default:
            report(.invalid(path.child("operator"), .string(requirement.operator), "not a valid selector operator"))
        }
        guard requirement.key == "metadata.name" else {
            return report(
                .invalid(path.child("key"), .string(requirement.key), "not a valid field selector key"))
        }
        for (index, value) in requirement.values.enumerated() {
            invalid(path.child("values").index(index), value, NameValidation.dns1123Subdomain(value))
        }
    }

    private mutating func podTerms(
        _ required: [PodAffinityTerm], _ preferred: [WeightedPodAffinityTerm], _ path: FieldPath
    ) {
        for (index, term) in required.enumerated() { podTerm(term, path.child(Self.required).index(index)) }
        for (index, term) in preferred.enumerated() {
            let path = path.child(Self.preferred).index(index)
            weight(term.weight, path.child("weight"))
            podTerm(term.podAffinityTerm, path.child("podAffinityTerm"))
        }
    }

    private mutating func podTerm(_ term: PodAffinityTerm, _ path: FieldPath) {
        labelSelector(term.labelSelector, path.child("labelSelector"))
        labelSelector(term.namespaceSelector, path.child("namespaceSelector"))
        for name in term.namespaces { invalid(path.child("namespace"), name, NameValidation.dns1123Label(name)) }
        if require(term.topologyKey, path.child("topologyKey"), "can not be empty") {
            invalid(path.child("topologyKey"), term.topologyKey, NameValidation.qualifiedName(term.topologyKey))
        }
    }
}

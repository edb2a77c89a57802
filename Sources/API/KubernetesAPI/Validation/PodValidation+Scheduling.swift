internal import APIMachinery

extension Validator {
    mutating func scheduling(_ spec: PodSpec, _ path: FieldPath) {
        affinity(spec.affinity, path.child("affinity"))
        for (index, gate) in spec.readinessGates.enumerated() {
            invalid(
                path.child("readinessGates").index(index).child("conditionType"), gate.conditionType,
                NameValidation.qualifiedName(gate.conditionType))
        }
        topologySpread(spec.topologySpreadConstraints, path.child("topologySpreadConstraints"))
        schedulingGates(spec.schedulingGates, path.child("schedulingGates"))
        for (index, toleration) in spec.tolerations.enumerated() {
            self.toleration(toleration, path.child("tolerations").index(index))
        }
        resourceClaims(spec.resourceClaims, path.child("resourceClaims"))
    }

    private mutating func schedulingGates(_ gates: [PodSchedulingGate], _ path: FieldPath) {
        var seen: Set<String> = []
        for (index, gate) in gates.enumerated() {
            invalid(path.index(index), gate.name, NameValidation.qualifiedName(gate.name))
            if !seen.insert(gate.name).inserted { report(.duplicate(path.index(index), .string(gate.name))) }
        }
    }

    private mutating func resourceClaims(_ claims: [PodResourceClaim], _ path: FieldPath) {
        var seen: Set<String> = []
        for (index, claim) in claims.enumerated() {
            let path = path.index(index)
            if require(claim.name, path.child("name")) {
                invalid(path.child("name"), claim.name, NameValidation.dns1123Label(claim.name))
                if !seen.insert(claim.name).inserted { report(.duplicate(path.child("name"), .string(claim.name))) }
            }
            switch (claim.resourceClaimName, claim.resourceClaimTemplateName) {
            case (nil, nil):
                report(
                    .invalid(
                        path, GoValue.of(claim.json, type: "core/v1.PodResourceClaim"),
                        "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"))
            case (_?, _?):
                report(
                    .invalid(
                        path, GoValue.of(claim.json, type: "core/v1.PodResourceClaim"),
                        "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"))
            default: break
            }
        }
    }

    private mutating func toleration(_ toleration: Toleration, _ path: FieldPath) {
        if let key = toleration.key { invalid(path.child("key"), key, NameValidation.qualifiedName(key)) }
        let operation = toleration.operator ?? ""
        if toleration.key == nil, operation != "Exists" {
            report(
                .invalid(
                    path.child("operator"), .string(operation),
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
        }
        if toleration.tolerationSeconds != nil, toleration.effect != "NoExecute" {
            report(
                .invalid(
                    path.child("effect"), .string(toleration.effect ?? ""),
                    "effect must be 'NoExecute' when `tolerationSeconds` is set"))
        }
        switch operation {
        case "", "Equal":
            invalid(path.child("operator"), toleration.value ?? "", NameValidation.labelValue(toleration.value ?? ""))
        case "Exists":
            if let value = toleration.value {
                report(
                    .invalid(path.child("operator"), .string(value), "value must be empty when `operator` is 'Exists'"))
            }
        default: oneOf(operation, ["Equal", "Exists"], path.child("operator"))
        }
        oneOf(toleration.effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"], path.child("effect"))
    }

    private mutating func topologySpread(_ constraints: [TopologySpreadConstraint], _ path: FieldPath) {
        for (index, constraint) in constraints.enumerated() {
            let path = path.index(index)
            if constraint.maxSkew <= 0 {
                report(.invalid(path.child("maxSkew"), .integer(Int64(constraint.maxSkew)), Self.isNotPositive))
            }
            if require(constraint.topologyKey, path.child("topologyKey"), "can not be empty") {
                invalid(
                    path.child("topologyKey"), constraint.topologyKey,
                    NameValidation.qualifiedName(constraint.topologyKey))
            }
            oneOf(
                constraint.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"], path.child("whenUnsatisfiable"))
            let isRepeated = constraints[(index + 1)...].contains {
                $0.topologyKey == constraint.topologyKey && $0.whenUnsatisfiable == constraint.whenUnsatisfiable
            }
            if isRepeated {
                report(
                    .duplicate(
                        path.child("{topologyKey, whenUnsatisfiable}"),
                        .string("{\(constraint.topologyKey), \(constraint.whenUnsatisfiable)}")))
            }
            minDomains(constraint, path.child("minDomains"))
            oneOf(constraint.nodeAffinityPolicy, ["Honor", "Ignore"], path.child("nodeAffinityPolicy"))
            oneOf(constraint.nodeTaintsPolicy, ["Honor", "Ignore"], path.child("nodeTaintsPolicy"))
            labelSelector(constraint.labelSelector, path.child("labelSelector"))
        }
    }

    private mutating func minDomains(_ constraint: TopologySpreadConstraint, _ path: FieldPath) {
        guard let count = constraint.minDomains else { return }
        if count <= 0 { report(.invalid(path, .integer(Int64(count)), Self.isNotPositive)) }
        if constraint.whenUnsatisfiable != "DoNotSchedule" {
            report(
                .invalid(
                    path, .integer(Int64(count)),
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not \(constraint.whenUnsatisfiable)"))
        }
    }
}

internal import APIMachinery
package import KubernetesAPI
package import KubernetesClient

/// What a decision needs to know of a pod, worked out once.
package final class PodInfo: Sendable {
    package let pod: Pod
    package let key: ObjectKey
    package let uid: String
    package let labels: [String: String]
    package let priority: Int32
    package let isTerminating: Bool
    package let requests: ResourceAmounts
    package let nonZeroMilliCPU: Int64
    package let nonZeroMemoryBytes: Int64
    package let hostPorts: [HostPort]
    package let nodeDemand: NodeDemand?
    package let preferredNodes: [(term: NodeTerms.Term, weight: Int64)]
    package let requiredAffinity: [AffinityTerm]
    package let requiredAntiAffinity: [AffinityTerm]
    /// Affinity with positive, anti-affinity with negative weights.
    package let preferredAffinity: [WeightedTerm]
    package let hardSpread: [SpreadConstraint]
    package let softSpread: [SpreadConstraint]
    package let claims: [ClaimUse]
    /// Images of init containers and containers; a name without tag or digest has the tag `latest`.
    package let images: [String]

    package init(_ pod: Pod) {
        self.pod = pod
        key = ObjectKey(pod)
        uid = pod.metadata.uid ?? ""
        labels = pod.metadata.labels
        priority = pod.spec.priority ?? 0
        isTerminating = pod.metadata.deletionTimestamp != nil
        requests = PodRequests.requests(of: pod)
        let nonZero = PodRequests.nonZeroRequests(of: pod)
        nonZeroMilliCPU = nonZero.milliCPU
        nonZeroMemoryBytes = nonZero.memoryBytes
        hostPorts = HostPort.ports(of: pod)
        nodeDemand = NodeDemand(pod)
        let affinity = pod.spec.affinity
        preferredNodes = (affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).filter { $0.weight != 0 }
            .map { (NodeTerms.Term($0.preference), Int64($0.weight)) }
        requiredAffinity = (affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map { AffinityTerm($0, of: pod) }
        requiredAntiAffinity = (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
            .map { AffinityTerm($0, of: pod) }
        let near = affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
        let far = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
        preferredAffinity =
            near.map { WeightedTerm(term: AffinityTerm($0.podAffinityTerm, of: pod), weight: Int64($0.weight)) }
            + far.map { WeightedTerm(term: AffinityTerm($0.podAffinityTerm, of: pod), weight: -Int64($0.weight)) }
        let spread = pod.spec.topologySpreadConstraints
        hardSpread = spread.filter { $0.whenUnsatisfiable == "DoNotSchedule" }.map { SpreadConstraint($0, of: pod) }
        softSpread = spread.filter { $0.whenUnsatisfiable == "ScheduleAnyway" }.map { SpreadConstraint($0, of: pod) }
        claims = ClaimUse.claims(of: pod)
        images = (pod.spec.initContainers + pod.spec.containers).map { ImageName.withTag($0.image ?? "") }
    }

    package var nodeName: String { pod.spec.nodeName ?? "" }
    package var schedulerName: String { pod.spec.schedulerName ?? "default-scheduler" }
    package var isGated: Bool { !pod.spec.schedulingGates.isEmpty }
    package var nominatedNode: String { pod.status.nominatedNodeName ?? "" }
    /// It will run no more: it takes nothing from its node.
    package var isFinished: Bool { pod.status.phase == "Succeeded" || pod.status.phase == "Failed" }

    /// Whether it tolerates a taint.
    package func tolerates(_ taint: Taint) -> Bool { pod.spec.tolerations.contains { $0.tolerates(taint) } }
}

/// A pod's use of a claim.
package struct ClaimUse: Hashable, Sendable {
    package var name: String
    /// The claim is made for the pod by the ephemeral volume controller.
    package var isEphemeral: Bool

    static func claims(of pod: Pod) -> [ClaimUse] {
        pod.spec.volumes.compactMap { volume in
            if let claim = volume.persistentVolumeClaim { return ClaimUse(name: claim.claimName, isEphemeral: false) }
            if volume.ephemeral != nil { return ClaimUse(name: "\(pod.metadata.name ?? "")-\(volume.name)", isEphemeral: true) }
            return nil
        }
    }
}

extension Toleration {
    /// An empty key with Exists tolerates every taint; an empty effect every effect.
    package func tolerates(_ taint: Taint) -> Bool {
        if let effect, effect != taint.effect { return false }
        if let key, key != taint.key { return false }
        switch `operator` ?? "Equal" {
        case "Exists": return true
        case "Equal": return key != nil && (value ?? "") == (taint.value ?? "")
        case "Lt", "Gt":
            guard let own = value.flatMap({ Int64($0) }), let its = taint.value.flatMap({ Int64($0) }) else { return false }
            return `operator` == "Lt" ? its < own : its > own
        default: return false
        }
    }
}

enum ImageName {
    static func withTag(_ name: String) -> String {
        if name.contains("@") { return name }
        let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return last.contains(":") ? name : "\(name):latest"
    }
}

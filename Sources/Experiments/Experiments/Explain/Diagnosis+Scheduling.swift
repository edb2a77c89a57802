internal import APIMachinery
internal import KubernetesAPI

extension Diagnosis {
    /// Why the pod has no node.
    var unscheduled: Explanation.Finding? {
        guard (pod.spec.nodeName ?? "").isEmpty else { return nil }
        if !pod.spec.schedulingGates.isEmpty { return gated }
        let condition = condition("PodScheduled")
        let message = condition?.message ?? facts.latest(["FailedScheduling"])?.message
        if condition?.status != "False", facts.latest(["FailedScheduling"]) == nil { return notLookedAt }
        return refused(message ?? "", since: condition?.lastTransitionTime)
    }

    private var gated: Explanation.Finding {
        let gates = pod.spec.schedulingGates.map(\.name).joined(separator: ", ")
        var finding = Explanation.Finding("SchedulingGated", "scheduled", "it is held back by its scheduling gates: \(gates)")
        finding.since = pod.metadata.creationTimestamp
        finding.mends = ["whoever set the gates takes them away (spec.schedulingGates) when the time has come"]
        return finding
    }

    private var notLookedAt: Explanation.Finding {
        let scheduler = pod.spec.schedulerName ?? "default-scheduler"
        var finding = Explanation.Finding("NotScheduledYet", "scheduled", "no scheduler has looked at it yet")
        finding.since = pod.metadata.creationTimestamp
        let age = pod.metadata.creationTimestamp.map { facts.now - $0 } ?? .zero
        finding.isOrdinary = age < .seconds(5)
        if scheduler != "default-scheduler" {
            finding.code = "NoScheduler"
            finding.isOrdinary = false
            finding.what = "it waits for a scheduler named \(scheduler), which has not spoken"
            finding.mends = ["run that scheduler, or leave spec.schedulerName out"]
        } else if !finding.isOrdinary {
            finding.mends = ["see that a scheduler runs: swiftlet status; swiftlet server --no-scheduler starts none"]
        }
        return finding
    }

    private func refused(_ message: String, since: Timestamp?) -> Explanation.Finding {
        var finding = Explanation.Finding("Unschedulable", "scheduled", "no node can take it: \(message)")
        finding.since = since
        if let event = facts.latest(["FailedScheduling"]) { finding.evidence.append(event.line(at: facts.now)) }
        for (name, claim) in facts.claims.sorted(by: { $0.key < $1.key }) {
            if claim.isMissing { finding.evidence.append("PersistentVolumeClaim \(name) does not exist") }
            if let phase = claim.object?.status.phase, phase != "Bound" {
                finding.evidence.append("PersistentVolumeClaim \(name) is \(phase)")
            }
        }
        let advice = SchedulingAdvice.all(in: message)
        if let first = advice.first { finding.code = first.what }
        finding.mends = advice.map(\.mend)
        if let nominated = pod.status.nominatedNodeName, !nominated.isEmpty {
            finding.code = "WaitsForPreemption"
            finding.evidence.append("pods of lower priority are being ended on node \(nominated) to make room for it")
        }
        return finding
    }
}

/// What the reasons of the scheduler's filters mean.
enum SchedulingAdvice {
    private static let table = AdviceTable(rows: [
        .init("no nodes available", what: "NoNodes", mend: "there is no node: swiftlet up makes one; kubectl get nodes"),
        .init(
            "insufficient cpu", what: "InsufficientCPU",
            mend: "lower resources.requests.cpu, end other pods, or add a node (requests count, not use)"),
        .init("insufficient memory", what: "InsufficientMemory", mend: "lower resources.requests.memory, end other pods, or add a node"),
        .init(
            "insufficient ephemeral-storage", what: "InsufficientStorage",
            mend: "lower resources.requests.ephemeral-storage, or free disk on the nodes"),
        .init("too many pods", what: "TooManyPods", mend: "end other pods, or raise --max-pods of the node"),
        .init(
            "insufficient ", what: "InsufficientResource",
            mend: "no node offers that much of the resource: kubectl describe nodes shows what is allocatable"),
        .init(
            "untolerated taint", "had taint", what: "UntoleratedTaint",
            mend: "add a toleration for it to the pod, or take the taint off: kubectl taint nodes NODE KEY-"),
        .init(
            "didn't match pod's node affinity/selector", what: "NodeAffinity",
            mend: "compare spec.nodeSelector and affinity.nodeAffinity with kubectl get nodes --show-labels"),
        .init("didn't match the requested node name", what: "NodeName", mend: "spec.nodeName names a node that is not there"),
        .init("were unschedulable", what: "Cordoned", mend: "kubectl uncordon NODE"),
        .init("free ports", what: "HostPortTaken", mend: "another pod has the hostPort: take another one, or leave hostPort out"),
        .init(
            "unbound immediate persistentvolumeclaims", what: "ClaimUnbound",
            mend: "bind the claim: make a matching PersistentVolume, or name a StorageClass that has a provisioner"),
        .init("persistentvolumeclaim", "not found", what: "ClaimMissing", mend: "make the PersistentVolumeClaim that the pod names"),
        .init(
            "find available persistent volumes", what: "NoVolume",
            mend: "make a PersistentVolume of that class, size and access mode that some node can reach"),
        .init(
            "volume node affinity", "persistentvolume's node affinity", what: "VolumeNodeAffinity",
            mend: "the volume is on another node than those that the pod may run on: loosen one of the two"),
        .init("max volume count", what: "TooManyVolumes", mend: "the node can attach no more volumes of this driver"),
        .init("volume zone", what: "VolumeZone", mend: "the volume is in another zone than the nodes that the pod may run on"),
        .init("readwriteoncepod", "in-use", what: "VolumeInUse", mend: "another pod holds the ReadWriteOncePod claim: end that one first"),
        .init(
            "topology spread constraints", what: "TopologySpread",
            mend: "more domains are needed, or a larger maxSkew, or whenUnsatisfiable: ScheduleAnyway"),
        .init(
            "anti-affinity", what: "PodAntiAffinity",
            mend: "pods of the same sort stand on every node: add a node, or make the rule preferred instead of required"),
        .init("pod affinity", what: "PodAffinity", mend: "no node has the pods that it wants to be near: start those first"),
    ])

    /// Reasons are separated by commas and dots: each may mean something else.
    static func all(in message: String) -> [AdviceTable.Row] {
        var seen: Set<String> = []
        let parts = message.components(separatedBy: [", ", ". ", ": "])
        let found = ([message] + parts).dropFirst().compactMap { table.first(in: $0) }
        return (found.isEmpty ? [table.first(in: message)].compactMap { $0 } : found).filter { seen.insert($0.what).inserted }
    }
}

extension String {
    fileprivate func components(separatedBy separators: [String]) -> [String] {
        separators.reduce([self]) { parts, separator in parts.flatMap { $0.split(separator: separator).map(String.init) } }
    }
}

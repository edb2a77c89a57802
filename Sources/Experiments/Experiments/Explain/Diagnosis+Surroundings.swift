internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

extension Diagnosis {
    /// What keeps the pod from having its cgroup, volumes, sandbox: before any container.
    var surroundings: Explanation.Finding? {
        guard !hasBegun else { return nil }
        if let finding = failedVolumes ?? failedSandbox { return finding }
        return nil
    }

    /// A container of it has been made, or tried.
    private var hasBegun: Bool {
        (pod.status.initContainerStatuses + pod.status.containerStatuses).contains { status in
            if status.state.running != nil || status.state.terminated != nil || status.lastState.terminated != nil { return true }
            return !["ContainerCreating", "PodInitializing", "", nil].contains(status.state.waiting?.reason)
        }
    }

    private static let volumes = AdviceTable(rows: [
        .init(
            "configmap", "references non-existent", what: "MissingConfigMap",
            mend: "make the ConfigMap with that key in the pod's namespace, or mark the volume's source optional: true"),
        .init("secret", what: "MissingSecret", mend: "make the Secret in the pod's namespace, or mark the volume's source optional: true"),
        .init("persistentvolumeclaim", "claim", what: "ClaimNotReady", mend: "kubectl describe pvc: the claim must be there and bound"),
        .init(
            "nodeaffinity check", "node affinity", what: "VolumeOnOtherNode", mend: "the PersistentVolume's nodeAffinity excludes this node"
        ),
        .init(
            "hostpath type check", "hostpath", what: "HostPathType",
            mend: "make the path on the node as the volume's type wants it, or change hostPath.type (DirectoryOrCreate makes it)"),
        .init(
            "serviceaccount", "token", what: "TokenFailed",
            mend: "see that the pod's service account exists: a token could not be had for it"),
        .init("no space", what: "DiskFull", mend: "free space on the node, or lower the volume's sizeLimit"),
        .init("permission denied", "not permitted", what: "NotPermitted", mend: "the node agent may not do that: it must run as root"),
    ])

    private var failedVolumes: Explanation.Finding? {
        let step = facts.steps.last { $0.kind == .volumes }
        let event = facts.latest(["FailedMount", "FailedAttachVolume", "FailedMapVolume"])
        if let step, step.failure.isEmpty, step.end != nil { return nil }
        guard let message = step.map(\.failure).flatMap({ $0.isEmpty ? nil : $0 }) ?? event?.message else { return nil }
        // Without the agent's word an event may be of the past: the sandbox comes after the volumes.
        if step == nil, condition("PodReadyToStartContainers")?.status == "True" { return nil }
        let row = Self.volumes.first(in: message)
        var finding = Explanation.Finding(row?.what ?? "FailedMount", "volumes", "its volumes are not ready: \(message)")
        finding.since = step?.begin ?? event?.firstTimestamp ?? event?.time
        finding.evidence = event.map { [$0.line(at: facts.now)] } ?? []
        for (name, claim) in facts.claims.sorted(by: { $0.key < $1.key }) {
            if claim.isMissing { finding.evidence.append("PersistentVolumeClaim \(name) does not exist") }
            if let phase = claim.object?.status.phase, phase != "Bound" {
                finding.evidence.append("PersistentVolumeClaim \(name) is \(phase)")
            }
        }
        finding.mends = row.map { [$0.mend] } ?? []
        return finding
    }

    private static let sandboxes = AdviceTable(rows: [
        .init(
            "no free address", "ipam", "no address", what: "NoAddress",
            mend: "the node's --pod-cidr is used up: end pods, or take a larger range"),
        .init(
            "hostport", "bind", "address already in use", what: "HostPortTaken",
            mend: "another program has that port of the host: take another hostPort"),
        .init("sysctl", what: "SysctlRefused", mend: "check securityContext.sysctls: the kernel refused one"),
        .init(
            "user namespace", "uid_map", "newuidmap", what: "UserNamespace",
            mend: "swiftlet check says whether this machine allows user namespaces; hostUsers: true does without"),
        .init(
            "bridge", "veth", "netlink", "network", what: "NetworkFailed",
            mend: "swiftlet check says what the network lacks; hostNetwork: true does without"),
        .init(
            "runtimehandler", "runtime class", "runtimeclass", what: "RuntimeClass",
            mend: "spec.runtimeClassName names a runtime that this node has not"),
        .init("cgroup", what: "CgroupFailed", mend: "swiftlet check says which part of the cgroup tree this program may use"),
        .init(
            "no space", "too many open files", "resource temporarily", what: "OutOfResources",
            mend: "the machine has run out of something: disk, descriptors or processes; the message says which"),
    ])

    private var failedSandbox: Explanation.Finding? {
        let step = facts.steps.last { $0.kind == .sandbox }
        let event = facts.latest(["FailedCreatePodSandBox", "FailedCreatePodContainer", "FailedSync", "Failed"], container: "")
        if let step, step.failure.isEmpty {
            return step.end == nil ? slow(step, "SandboxStarting", "sandbox", "its sandbox is being made") : nil
        }
        guard let message = step?.failure ?? event?.message else { return nil }
        if step == nil, condition("PodReadyToStartContainers")?.status == "True" { return nil }
        let row = Self.sandboxes.first(in: message)
        var finding = Explanation.Finding(
            row?.what ?? event?.reason ?? "FailedCreatePodSandBox", "sandbox", "its sandbox could not be made: \(message)")
        finding.since = event?.firstTimestamp ?? step?.begin ?? event?.time
        finding.evidence = event.map { [$0.line(at: facts.now)] } ?? []
        finding.mends = row.map { [$0.mend] } ?? []
        return finding
    }

    /// Something that has begun and is not over.
    func slow(_ step: PodStep, _ code: String, _ stage: String, _ what: String) -> Explanation.Finding {
        var finding = Explanation.Finding(code, stage, what)
        finding.since = step.begin
        finding.isOrdinary = true
        return finding
    }
}

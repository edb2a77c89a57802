package import APIMachinery
internal import CRI
package import KubernetesAPI

/// Makes `pod.status` from what is observed. Pure; called at every look at the pod.
package struct PodStatusBuilder {
    /// Something other than its containers ended the pod: a deadline, an eviction.
    package struct Verdict: Sendable, Hashable {
        package var reason: String
        package var message: String
        /// What the condition DisruptionTarget says of it; nil: it is none.
        package var disruption: String?
        package init(reason: String, message: String, disruption: String? = nil) {
            self.reason = reason
            self.message = message
            self.disruption = disruption
        }
    }

    package var pod: Pod
    package var runtime: PodRuntimeStatus
    /// The status before.
    package var old: PodStatus
    package var failures: [String: StartFailure] = [:]
    /// Termination messages by container id.
    package var messages: [String: String] = [:]
    package var probes = ProbeVerdicts()
    /// Of running containers that have other resources than at their start, by name.
    package var givenResources: [String: ResourceRequirements] = [:]
    package var resize = ResizeState.none
    package var verdict: Verdict?
    /// Nothing of the pod runs any more, nor will.
    package var isOver = false
    package var hostIPs: [String] = []
    /// What the pod's cgroup could not be given, a line each; the runtime tells it of the containers'.
    package var unenforced: [String] = []
    package var now: Timestamp

    package init(_ pod: Pod, _ runtime: PodRuntimeStatus, old: PodStatus, now: Timestamp) {
        self.pod = pod
        self.runtime = runtime
        self.old = old
        self.now = now
    }

    /// What is true now. A terminal phase may stand here while containers still end: see `publishable`.
    package func build() -> PodStatus {
        var containers = ContainerStatusBuilder(pod, runtime, old: old)
        containers.failures = failures
        containers.messages = messages
        containers.probes = probes
        containers.givenResources = givenResources
        var status = PodStatus()
        status.initContainerStatuses = containers.initial()
        status.containerStatuses = containers.regular()
        status.ephemeralContainerStatuses = containers.ephemeral()
        status.startTime = old.startTime ?? startTime
        status.qosClass = QoSClass(of: pod).rawValue
        status.observedGeneration = pod.metadata.generation
        setAddresses(&status)
        let phase = setPhase(&status)
        status.conditions = PodConditions.all(
            pod, statuses: status.initContainerStatuses + status.containerStatuses, phase: phase,
            hasReadySandbox: runtime.readySandbox(of: pod) != nil, old: old.conditions, now: now)
        status.conditions = resize.conditions(pod, old: old.conditions, now: now) + status.conditions
        status.conditions += LimitsCondition.conditions(pod, runtime, podLines: unenforced, old: old.conditions, now: now)
        if let text = verdict?.disruption { status.conditions = DisruptionTarget.added(to: status.conditions, text, pod, now: now) }
        return status.withLimitedMessages
    }

    /// The pod's first sandbox tells when it was first seen, also after a restart of the agent.
    private var startTime: Timestamp {
        let first = runtime.sandboxes.map(\.createdAt).min()
        return first.map { Timestamp(nanosecondsSinceEpoch: $0).truncatedToSeconds } ?? now.truncatedToSeconds
    }

    private func setPhase(_ status: inout PodStatus) -> PodPhase {
        let all = status.initContainerStatuses + status.containerStatuses
        let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
        var phase = PodPhase.compute(
            pod, all, isTerminal: isOver, hasInitialized: PodConditions.hasAnyRegularContainerStarted(pod, byName))
        let oldPhase = old.phase.flatMap { PodPhase(rawValue: $0) }
        if let oldPhase, oldPhase.isTerminal { phase = oldPhase }
        if phase == oldPhase { (status.reason, status.message) = (old.reason, old.message) }
        if let verdict, oldPhase.map({ !$0.isTerminal }) ?? true {
            phase = .failed
            (status.reason, status.message) = (verdict.reason, verdict.message)
        }
        status.phase = phase.rawValue
        return phase
    }

    private func setAddresses(_ status: inout PodStatus) {
        status.hostIP = hostIPs.first
        status.hostIPs = hostIPs.map { ip in HostIP { $0.ip = ip } }
        let podIPs = pod.usesHostNetwork ? hostIPs : runtime.podIPs
        let known = podIPs.isEmpty ? old.podIPs : podIPs.map { ip in PodIP { $0.ip = ip } }
        status.podIP = known.first?.ip
        status.podIPs = known
    }
}

extension PodStatusBuilder {
    /// What the world may see of `generated`: a terminal phase only once no container can run any more, since others take a
    /// terminal pod's resources and names as free.
    package static func publishable(_ generated: PodStatus, old: PodStatus, mayRun: Bool) -> PodStatus {
        guard mayRun, PodPhase(rawValue: generated.phase ?? "")?.isTerminal ?? false, generated.phase != old.phase else { return generated }
        var status = generated
        status.phase = old.phase ?? PodPhase.pending.rawValue
        status.reason = old.reason
        status.message = old.message
        return status
    }

    /// The last status of a pod: each container has an end, and the phase is terminal.
    package static func final(_ pod: Pod, _ status: PodStatus) -> PodStatus {
        var status = status
        if hasInitialized(pod, status) {
            for index in status.containerStatuses.indices { end(&status.containerStatuses[index]) }
        }
        let begun = status.initContainerStatuses.lastIndex { $0.state.waiting == nil || $0.lastState.terminated != nil }
        for index in status.initContainerStatuses.indices where index <= (begun ?? 0) { end(&status.initContainerStatuses[index]) }
        if PodPhase(rawValue: status.phase ?? "")?.isTerminal != true { status.phase = PodPhase.failed.rawValue }
        return status
    }

    private static func end(_ status: inout APIContainerStatus) {
        guard status.state.terminated == nil else { return }
        status.state = ContainerState {
            $0.terminated = ContainerStateTerminated {
                $0.exitCode = 137
                $0.reason = "ContainerStatusUnknown"
                $0.message = "The container could not be located when the pod was terminated"
            }
        }
        status.started = false
        status.ready = false
    }

    private static func hasInitialized(_ pod: Pod, _ status: PodStatus) -> Bool {
        if pod.spec.initContainers.isEmpty { return true }
        if status.containerStatuses.contains(where: { $0.lastState.terminated != nil || $0.state.waiting == nil }) { return true }
        guard let last = status.initContainerStatuses.last, let container = pod.container(named: last.name) else { return false }
        if container.isSidecar { return last.started ?? false }
        return last.state.terminated?.exitCode == 0
    }
}

extension PodStatus {
    private static let maxMessageBytesOfPod = 12 * 1_024

    /// Termination messages take at most 12 KiB in all, shared evenly.
    var withLimitedMessages: PodStatus {
        let count = initContainerStatuses.count + containerStatuses.count
        guard count > 0 else { return self }
        var status = self
        let limit = Self.maxMessageBytesOfPod / count
        for index in status.initContainerStatuses.indices { status.initContainerStatuses[index].limitMessages(limit) }
        for index in status.containerStatuses.indices { status.containerStatuses[index].limitMessages(limit) }
        return status
    }
}

extension APIContainerStatus {
    fileprivate mutating func limitMessages(_ limit: Int) {
        if let message = state.terminated?.message, message.utf8.count > limit { state.terminated?.message = message.cut(toBytes: limit) }
        if let message = lastState.terminated?.message, message.utf8.count > limit {
            lastState.terminated?.message = message.cut(toBytes: limit)
        }
    }
}

extension String {
    /// The longest beginning of whole characters that fits.
    func cut(toBytes limit: Int) -> String {
        var end = utf8.index(startIndex, offsetBy: limit, limitedBy: endIndex) ?? endIndex
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}

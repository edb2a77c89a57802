internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// What the probes of a pod work with.
struct ProbeContext: Sendable {
    let entry: PodEntry
    let node: NodeServices
    /// The pod's own; empty with the host's network.
    let podIP: String

    var keeper: VerdictKeeper { entry.verdictKeeper(node) }

    /// One attempt, unless somebody stands between.
    func ask(_ task: ProbeTask) async -> ProbeOutcome {
        let attempt = attempt(task)
        guard let interception = node.configuration.probeInterception else { return await attempt.run() }
        let probe = InterceptedProbe(
            pod: entry.pod, container: task.container.name, kind: task.kind, probe: attempt.probe, timeout: attempt.timeout)
        return await interception(probe) { await attempt.run() }
    }

    private func attempt(_ task: ProbeTask) -> ProbeAttempt {
        let host = podIP.isEmpty ? node.configuration.hostIPs.first ?? "127.0.0.1" : podIP
        return ProbeAttempt(
            probe: task.kind.probe(of: task.container) ?? Probe(), container: task.container, containerID: task.containerID, podIP: host,
            timeout: task.settings.timeout, runtime: node.runtime, network: node.probeNetwork, clock: node.clock)
    }

    /// The end of the initial delay. Containers that were there before this agent are spread over a period, so that they are not all
    /// asked at once.
    func firstTick(_ task: ProbeTask, _ instance: RuntimeContainer) -> Duration {
        let clock = node.clock
        let started = Timestamp(nanosecondsSinceEpoch: instance.startedAt)
        let first = max(clock.now, clock.instant(of: started + task.settings.initialDelay))
        guard started < node.startTime else { return first }
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in "\(entry.uid)/\(task.container.name)/\(task.kind.rawValue)".utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return first + .microseconds(Int64(hash % UInt64(task.settings.period.wholeMicroseconds)))
    }

    /// Tells of everything but success.
    func report(_ outcome: ProbeOutcome, _ task: ProbeTask) {
        let (title, name) = (task.kind.title, task.container.name)
        switch outcome {
        case .success: break
        case .warning(let text): send("ProbeWarning", "\(title) probe warning: \(text)", name)
        case .failure(let text): send("Unhealthy", "\(title) probe failed: \(text)", name)
        case .error(let text): send("Unhealthy", "\(title) probe errored and resulted in unknown state: \(text)", name)
        }
    }

    private func send(_ reason: String, _ message: String, _ container: String) {
        node.events.send(.warning, reason, message, entry.pod, container: container)
    }
}

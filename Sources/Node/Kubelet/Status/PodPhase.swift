package import KubernetesAPI

package enum PodPhase: String, Sendable, Hashable {
    case pending = "Pending", running = "Running", succeeded = "Succeeded", failed = "Failed"

    package var isTerminal: Bool { self == .succeeded || self == .failed }
}

extension PodPhase {
    /// The phase that container statuses amount to, regardless of earlier ones.
    ///
    /// - Parameter statuses: Of init and regular containers.
    /// - Parameter isTerminal: The pod is over, its containers are not started again whatever the restart policy says.
    /// - Note: Follows `getPhase` of the kubelet.
    package static func compute(_ pod: Pod, _ statuses: [APIContainerStatus], isTerminal: Bool, hasInitialized: Bool) -> PodPhase {
        let byName = Dictionary(statuses.map { ($0.name, $0) }) { first, _ in first }
        let initialization = Initialization(pod, byName)
        if initialization.hasFailedForGood { return .failed }
        var tally = Tally()
        for container in pod.sidecars { tally.count(sidecar: byName[container.name]) }
        for container in pod.spec.containers {
            tally.count(byName[container.name]) { RestartDecision.shouldRestart(exitCode: $0, container, in: pod) }
        }
        if initialization.pendingCount > 0 || (!hasInitialized && tally.pendingSidecarCount > 0) || tally.waiting > 0 { return .pending }
        if tally.unknown > 0 { return .pending }
        if tally.running > 0 { return .running }
        guard tally.stopped > 0 else { return .pending }
        if isTerminal || tally.restarting == 0 { return tally.stopped == tally.succeeded ? .succeeded : .failed }
        return .running
    }
}

/// Where the plain init containers stand.
private struct Initialization {
    var pendingCount = 0
    var hasFailedForGood = false

    init(_ pod: Pod, _ statuses: [String: APIContainerStatus]) {
        for container in pod.plainInitContainers {
            let status = statuses[container.name]
            let ended = status?.state.terminated ?? (status?.state.waiting == nil ? nil : status?.lastState.terminated)
            guard let ended else {
                pendingCount += 1
                continue
            }
            if ended.exitCode != 0, !RestartDecision.shouldRestart(exitCode: ended.exitCode, container, in: pod) { hasFailedForGood = true }
        }
    }
}

private struct Tally {
    var running = 0
    var waiting = 0
    var stopped = 0
    var succeeded = 0
    /// Stopped, and to be started again by the restart policy.
    var restarting = 0
    var unknown = 0
    var pendingSidecarCount = 0

    mutating func count(sidecar status: APIContainerStatus?) {
        guard let status else {
            unknown += 1
            return
        }
        if status.state.running != nil {
            running += 1
            if status.started != true { pendingSidecarCount += 1 }
        } else if status.state.waiting != nil {
            if status.lastState.terminated != nil { return }  // ended ones do not count
            pendingSidecarCount += 1
            waiting += 1
        } else if status.state.terminated == nil {
            pendingSidecarCount += 1
            unknown += 1
        }
    }

    mutating func count(_ status: APIContainerStatus?, mayRestart: (Int32) -> Bool) {
        guard let status else {
            unknown += 1
            return
        }
        if status.state.running != nil {
            running += 1
        } else if let ended = status.state.terminated {
            count(ended: ended, mayRestart)
        } else if status.state.waiting != nil {
            if let ended = status.lastState.terminated { count(ended: ended, mayRestart, isWaiting: true) } else { waiting += 1 }
        } else {
            unknown += 1
        }
    }

    private mutating func count(ended: ContainerStateTerminated, _ mayRestart: (Int32) -> Bool, isWaiting: Bool = false) {
        stopped += 1
        if ended.exitCode == 0, !isWaiting { succeeded += 1 }
        if mayRestart(ended.exitCode) { restarting += 1 }
    }
}

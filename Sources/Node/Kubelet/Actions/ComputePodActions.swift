internal import CRI
package import KubernetesAPI

extension PodActions {
    /// Decides what a pod needs now. A pure function of what is wanted and what is.
    ///
    /// - Note: Decides as `kubeGenericRuntimeManager.computePodActions` of the kubelet does; back-off is looked at when a container
    ///   is about to start.
    ///
    /// - Parameter resizing: Containers that have to start again to get what they were granted, by id.
    package static func compute(
        _ pod: Pod, _ status: PodRuntimeStatus, _ probes: ProbeVerdicts = ProbeVerdicts(), resizing: Set<String> = []
    ) -> PodActions {
        let sandbox = SandboxDecision(pod, status)
        var actions = PodActions()
        actions.sandboxID = sandbox.current
        actions.sandboxAttempt = sandbox.attempt
        if sandbox.isNeeded {
            actions.beginAgain(pod, status)
            return actions
        }
        let isInitialized = actions.addInitContainers(pod, status, probes, resizing: resizing)
        if !actions.killPod, isInitialized { actions.addRegularContainers(pod, status, probes, resizing: resizing) }
        if !actions.killPod { actions.addEphemeralContainers(pod, status) }
        return actions
    }

    /// A new sandbox: everything that is left of the former is killed, and the pod begins at its first init container.
    private mutating func beginAgain(_ pod: Pod, _ status: PodRuntimeStatus) {
        killPod = true
        createSandbox = true
        if pod.restartPolicy == .never, sandboxAttempt != 0, !status.containers.isEmpty {
            createSandbox = false  // it had its one chance
            return
        }
        let toStart = pod.spec.containers.indices.filter { index in
            let container = pod.spec.containers[index]
            let succeeded = status.latest(container.name)?.hasSucceeded ?? false
            return !(succeeded && container.effectiveRestartPolicy(in: pod) == .onFailure)
        }
        let wasInitialized = pod.spec.containers.contains { status.latest($0.name) != nil }
        if toStart.isEmpty, wasInitialized {
            createSandbox = false  // all is done
        } else if pod.spec.initContainers.isEmpty {
            containersToStart = toStart
        } else {
            initContainersToStart = [0]
        }
    }

    private mutating func addRegularContainers(_ pod: Pod, _ status: PodRuntimeStatus, _ probes: ProbeVerdicts, resizing: Set<String>) {
        var keptCount = 0
        for (index, container) in pod.spec.containers.enumerated() {
            let latest = status.latest(container.name)
            guard let latest, latest.state == .running else {
                guard RestartDecision.shouldStart(container, in: pod, status) else { continue }
                containersToStart.append(index)
                if let latest, latest.state == .unknown { addKill(ofUnknown: latest) }
                continue
            }
            if ContainerHash.hasChanged(container, latest) {
                containersToStart.append(index)
                addKill(ofChanged: latest)
            } else if resizing.contains(latest.id) {
                containersToStart.append(index)
                addKill(ofResized: latest)
            } else if let complaint = probes.complaint(container, id: latest.id) {
                // A container that may not be started again is left to the end of the pod, unless others keep that going.
                // It still runs, so that rules about exit codes say nothing.
                let isRestarted = container.effectiveRestartPolicy(in: pod) != .never
                if isRestarted { containersToStart.append(index) }
                let message = "Container \(container.name) failed \(complaint.rawValue) probe" + (isRestarted ? ", will be restarted" : "")
                addKill(of: latest, complaint, complaint.probe(of: container), message)
            } else {
                keptCount += 1
            }
        }
        if keptCount == 0, containersToStart.isEmpty {
            killPod = true  // sidecars do not keep a pod alive
            initContainersToStart = []
        }
    }

    /// Each of them runs once.
    private mutating func addEphemeralContainers(_ pod: Pod, _ status: PodRuntimeStatus) {
        if pod.isDeleted { return }
        ephemeralContainersToStart = pod.spec.ephemeralContainers.indices.filter { index in
            status.latest(pod.spec.ephemeralContainers[index].name).map { $0.state == .created } ?? true
        }
    }

    mutating func addKill(ofResized container: RuntimeContainer) {
        let name = container.metadata.name
        containersToKill.append(
            Kill(containerID: container.id, name: name, message: "Container \(name) resize requires restart", reason: .resize))
    }

    mutating func addKill(ofChanged container: RuntimeContainer) {
        let name = container.metadata.name
        containersToKill.append(
            Kill(
                containerID: container.id, name: name, message: "Container \(name) definition changed, will be restarted",
                reason: .specChanged))
    }

    mutating func addKill(of container: RuntimeContainer, _ complaint: ProbeKind, _ probe: Probe?, _ message: String) {
        var kill = Kill(
            containerID: container.id, name: container.metadata.name, message: message,
            reason: complaint == .startup ? .startupProbe : .livenessProbe)
        kill.gracePeriodSeconds = probe?.terminationGracePeriodSeconds
        containersToKill.append(kill)
    }

    mutating func addKill(ofUnknown container: RuntimeContainer) {
        containersToKill.append(
            Kill(
                containerID: container.id, name: container.metadata.name,
                message: "Container is in \"\(container.state.rawValue)\" state, try killing it before restart", reason: .unknownState))
    }
}

/// Whether the pod's sandbox can be used.
struct SandboxDecision {
    let isNeeded: Bool
    let attempt: UInt32
    let current: String?

    init(_ pod: Pod, _ status: PodRuntimeStatus) {
        guard let newest = status.sandboxes.first else {
            (isNeeded, attempt, current) = (true, 0, nil)
            return
        }
        let readyCount = status.sandboxes.count { $0.state == .ready }
        let networkChanged = (newest.namespaceOptions.network == .node) != pod.usesHostNetwork
        let hasNoAddress = !pod.usesHostNetwork && newest.network.ip.isEmpty
        isNeeded = readyCount > 1 || newest.state != .ready || networkChanged || hasNoAddress
        attempt = isNeeded ? newest.metadata.attempt + 1 : newest.metadata.attempt
        current = isNeeded ? nil : newest.id
    }
}

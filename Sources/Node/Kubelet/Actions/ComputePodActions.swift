internal import CRI
package import KubernetesAPI

extension PodActions {
    /// Decides what a pod needs now. A pure function of what is wanted and what is.
    ///
    /// - Note: Decides as `kubeGenericRuntimeManager.computePodActions` of the kubelet does; back-off is looked at when a container
    ///   is about to start.
    package static func compute(_ pod: Pod, _ status: PodRuntimeStatus) -> PodActions {
        let sandbox = SandboxDecision(pod, status)
        var actions = PodActions()
        actions.sandboxID = sandbox.current
        actions.sandboxAttempt = sandbox.attempt
        if sandbox.isNeeded {
            actions.beginAgain(pod, status)
            return actions
        }
        let isInitialized = actions.addInitContainers(pod, status)
        if !actions.killPod, isInitialized { actions.addRegularContainers(pod, status) }
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

    private mutating func addRegularContainers(_ pod: Pod, _ status: PodRuntimeStatus) {
        var keptCount = 0
        for (index, container) in pod.spec.containers.enumerated() {
            let latest = status.latest(container.name)
            guard let latest, latest.state == .running else {
                guard RestartDecision.shouldStart(container, in: pod, status) else { continue }
                containersToStart.append(index)
                if let latest, latest.state == .unknown { addKill(ofUnknown: latest) }
                continue
            }
            guard ContainerHash.hasChanged(container, latest) else {
                keptCount += 1
                continue
            }
            containersToStart.append(index)
            containersToKill.append(
                Kill(
                    containerID: latest.id, name: container.name,
                    message: "Container \(container.name) definition changed, will be restarted", reason: .specChanged))
        }
        if keptCount == 0, containersToStart.isEmpty {
            killPod = true  // sidecars do not keep a pod alive
            initContainersToStart = []
        }
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

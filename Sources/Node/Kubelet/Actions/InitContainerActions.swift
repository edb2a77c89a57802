internal import CRI
internal import KubernetesAPI

extension PodActions {
    /// Finds the init containers to start, from the last one backwards: what is later has been reached only through what is earlier,
    /// so the records of finished ones may be gone.
    ///
    /// - Returns: Whether the regular containers may run.
    mutating func addInitContainers(_ pod: Pod, _ status: PodRuntimeStatus, _ probes: ProbeVerdicts, resizing: Set<String>) -> Bool {
        let containers = pod.spec.initContainers
        if containers.isEmpty { return true }
        var isPodInitialized = pod.spec.containers.contains { container in
            // Exited ones prove nothing: they may be those of an earlier sandbox.
            status.latest(container.name).map { $0.state == .running || $0.state == .created } ?? false
        }
        /// A later one has been started, so this one is done with, or (a sidecar) has to be kept running.
        var isLaterReached = isPodInitialized
        for index in containers.indices.reversed() {
            let container = containers[index]
            guard let latest = status.latest(container.name) else {
                if isLaterReached, container.isSidecar { initContainersToStart.append(index) }
                continue
            }
            if isLaterReached, !container.isSidecar { continue }
            let step = container.isSidecar ? sidecarStep(container, latest, probes, resizing) : plainStep(container, latest, pod)
            switch step {
            case .fail:
                killPod = true
                initContainersToStart = []
                containersToKill = []
                return false
            case .start(let killFirst):
                if let killFirst { containersToKill.append(killFirst) }
                initContainersToStart.append(index)
            case .wait: break
            case .next:
                if index == containers.count - 1 {
                    isPodInitialized = true
                } else if !isLaterReached {
                    initContainersToStart.append(index + 1)
                }
            }
            isLaterReached = true
        }
        if !isLaterReached { initContainersToStart.append(0) }
        initContainersToStart.reverse()
        return isPodInitialized
    }

    private enum InitStep {
        case start(killFirst: Kill?)
        case wait
        /// Done, or far enough for the next one to start.
        case next
        case fail
    }

    private func plainStep(_ container: Container, _ latest: RuntimeContainer, _ pod: Pod) -> InitStep {
        let mayRestart = RestartDecision.shouldRestart(exitCode: max(1, latest.exitCode), container, in: pod)
        switch latest.state {
        case .created: return .start(killFirst: nil)  // its start never happened or failed
        case .running: return .wait
        case .exited where latest.hasSucceeded: return .next
        case .exited: return mayRestart ? .start(killFirst: nil) : .fail
        case .unknown:
            let kill = PodActions.Kill(
                containerID: latest.id, name: container.name,
                message: "Init container is in \"unknown\" state, try killing it before restart", reason: .unknownState)
            return mayRestart ? .start(killFirst: kill) : .fail
        }
    }

    /// A sidecar lets the next one start once it runs and its startup probe, if it has one, has succeeded.
    private func sidecarStep(
        _ container: Container, _ latest: RuntimeContainer, _ probes: ProbeVerdicts, _ resizing: Set<String>
    ) -> InitStep {
        switch latest.state {
        case .created, .exited: return .start(killFirst: nil)
        case .running:
            var kill = PodActions()
            if ContainerHash.hasChanged(container, latest) {
                kill.addKill(ofChanged: latest)
            } else if resizing.contains(latest.id) {
                kill.addKill(ofResized: latest)
            } else if let complaint = probes.complaint(container, id: latest.id) {
                let message = "Init container \(container.name) failed \(complaint.rawValue) probe"
                kill.addKill(of: latest, complaint, complaint.probe(of: container), message)
            }
            if let kill = kill.containersToKill.first { return .start(killFirst: kill) }
            return probes.isStarted(container, id: latest.id) ? .next : .wait
        case .unknown:
            return .start(
                killFirst: PodActions.Kill(
                    containerID: latest.id, name: container.name,
                    message: "Init container is in \"unknown\" state, try killing it before restart", reason: .unknownState))
        }
    }
}

package import KubernetesAPI

/// Whether a container that does not run is started (again).
package enum RestartDecision {
    package static func shouldStart(_ container: Container, in pod: Pod, _ status: PodRuntimeStatus) -> Bool {
        if pod.isDeleted { return false }
        guard let latest = status.latest(container.name) else { return true }
        if pod.isEphemeralContainer(container.name) { return latest.state == .created }
        switch latest.state {
        case .running: return false
        case .unknown, .created: return true
        case .exited: return shouldRestart(exitCode: latest.exitCode, container, in: pod)
        }
    }

    /// The first of the container's rules that knows the exit code, then the container's policy, then the pod's.
    package static func shouldRestart(exitCode: Int32, _ container: Container, in pod: Pod) -> Bool {
        if container.restartPolicy != nil, container.restartPolicyRules.contains(where: { $0.matches(exitCode: exitCode) }) { return true }
        switch container.effectiveRestartPolicy(in: pod) {
        case .always: return true
        case .onFailure: return exitCode != 0
        case .never: return false
        }
    }
}

extension ContainerRestartRule {
    /// Both actions that there are start the container again.
    func matches(exitCode: Int32) -> Bool {
        guard ["Restart", "RestartAllContainers"].contains(action), let codes = exitCodes else { return false }
        switch codes.operator {
        case "In": return codes.values.contains(exitCode)
        case "NotIn": return !codes.values.contains(exitCode)
        default: return false
        }
    }
}

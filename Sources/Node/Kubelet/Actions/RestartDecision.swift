package import KubernetesAPI

/// Whether a container that does not run is started (again).
package enum RestartDecision {
    package static func shouldStart(_ container: Container, in pod: Pod, _ status: PodRuntimeStatus) -> Bool {
        if pod.isDeleted { return false }
        guard let latest = status.latest(container.name) else { return true }
        switch latest.state {
        case .running: return false
        case .unknown, .created: return true
        case .exited: return shouldRestart(exitCode: latest.exitCode, container.effectiveRestartPolicy(in: pod))
        }
    }

    package static func shouldRestart(exitCode: Int32, _ policy: RestartPolicy) -> Bool {
        switch policy {
        case .always: true
        case .onFailure: exitCode != 0
        case .never: false
        }
    }
}

package import KubernetesAPI

/// What the end of some pods amounts to for whoever started them.
package enum PodOutcome {
    private static let failure: Int32 = 1

    /// 0 when all pods have succeeded; else the exit code of the container that failed first; 1 when a pod failed without one.
    package static func exitCode(_ pods: [Pod]) -> Int32 {
        let failed = pods.filter { $0.status.phase != PodPhase.succeeded.rawValue }
        if failed.isEmpty { return 0 }
        let ends = failed.flatMap { pod in
            let sidecars = Set(pod.sidecars.map(\.name))
            return (pod.status.initContainerStatuses + pod.status.containerStatuses)
                .filter { !sidecars.contains($0.name) }
                .compactMap { $0.state.terminated ?? $0.lastState.terminated }
        }
        let first = ends.filter { $0.exitCode != 0 }.min { left, right in
            guard let leftTime = left.finishedAt else { return false }
            return right.finishedAt.map { leftTime < $0 } ?? true
        }
        return first?.exitCode ?? failure
    }
}

internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// When a container that keeps ending is started again.
package struct BackoffSimulation: Sendable {
    /// Always, OnFailure or Never.
    package var policy: String
    /// How long each instance lives.
    package var exitAfter: Duration
    package var exitCode: Int32
    package var duration: Duration
    /// The longest wait.
    package var cap: Duration

    package init(policy: String, exitAfter: Duration, exitCode: Int32, duration: Duration, cap: Duration) {
        (self.policy, self.exitAfter, self.exitCode, self.duration, self.cap) = (policy, exitAfter, exitCode, duration, cap)
    }

    /// - Returns: When each instance was started.
    package func starts() async throws -> [Duration] {
        var pod = Pod()
        pod.metadata.name = "loop"
        pod.spec.restartPolicy = policy
        pod.spec.containers = [
            Container {
                $0.name = "app"
                $0.image = "simulated"
            }
        ]
        PodDefaults.apply(to: &pod)
        let (after, code) = (exitAfter, exitCode)
        var run = SimulatedRun(pods: [pod], duration: duration) { _, _ in .exits(after: after, code: code) }
        run.maxRestartPeriod = cap
        return try await run.run().starts("loop", "app")
    }
}

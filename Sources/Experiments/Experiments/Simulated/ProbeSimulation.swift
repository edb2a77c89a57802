internal import APIMachinery
internal import CRI
package import KubernetesAPI

/// What a probe's thresholds lead to with a program that is well and not well by a pattern: seen from the real node agent in simulated time.
package struct ProbeSimulation: Sendable {
    package enum Kind: String, Sendable, CaseIterable { case liveness, readiness, startup }
    package struct Outcome: Sendable {
        package var seed: UInt64
        package var restarts: Int
        package var firstReady: Duration?
        package var firstKilled: Duration?
        /// 0...1
        package var readyShare: Double
        package var happenings: [Happening]
    }
    package var kind: Kind
    package var probe: Probe
    package var health: HealthPattern
    package var duration: Duration

    package init(_ kind: Kind, _ probe: Probe, health: HealthPattern, duration: Duration) {
        self.kind = kind
        self.probe = probe
        self.health = health
        self.duration = duration
    }

    package func run(seed: UInt64) async throws -> Outcome {
        let health = health
        let run = SimulatedRun(pods: [pod], duration: duration) { _, container in
            var script = ContainerScript(stop: .exits(after: .zero, code: 143))
            script.command = { _, time in
                health.command(at: time, seed: seed, container.name, Int(container.attempt))
            }
            return script
        }
        let outcome = try await run.run()
        let windows = outcome.readiness("probed")
        let ready = windows.reduce(0.0) { $0 + ($1.to - $1.from).inSeconds }
        return Outcome(
            seed: seed, restarts: outcome.restarts("probed", "app"), firstReady: windows.first?.from,
            firstKilled: outcome.happenings.first { $0.what == .stopping }?.at, readyShare: ready / duration.inSeconds,
            happenings: outcome.happenings)
    }

    private var pod: Pod {
        var pod = Pod()
        pod.metadata.name = "probed"
        pod.spec.containers = [
            Container {
                $0.name = "app"
                $0.image = "simulated"
            }
        ]
        var asked = probe
        asked.exec = ExecAction { $0.command = ["probe"] }
        switch kind {
        case .liveness: pod.spec.containers[0].livenessProbe = asked
        case .readiness: pod.spec.containers[0].readinessProbe = asked
        case .startup: pod.spec.containers[0].startupProbe = asked
        }
        PodDefaults.apply(to: &pod)
        return pod
    }
}

extension HealthPattern {
    /// What a probe's command does at a time since the start of an instance.
    func command(at time: Duration, seed: UInt64, _ container: String, _ attempt: Int) -> ContainerScript.Command {
        let chance = Chance.value(seed, "\(container) \(attempt) \(time.microseconds)")
        switch state(at: time, chance: chance) {
        case .well: return ContainerScript.Command()
        case .sick: return ContainerScript.Command(exitCode: 1, output: "not well\n")
        case .slow(let delay): return ContainerScript.Command(duration: delay)
        }
    }
}

internal import CRI
internal import KubernetesAPI

extension Experiment {
    /// Runs it once in simulated time.
    ///
    /// - Parameter repetition: The first is 0; the seed is one more each time.
    package func simulate(repetition: Int) async throws -> ExperimentResult {
        let seed = seed &+ UInt64(repetition)
        var run = SimulatedRun(pods: pods, duration: duration) { sandbox, container in script(sandbox.name, container, seed) }
        run.steps = steps
        run.maxRestartPeriod = node.maxContainerRestartPeriod
        return ExperimentResult(seed: seed, outcome: try await run.run(), expectations, tolerance: .zero)
    }

    private func script(_ pod: String, _ container: ContainerMetadata, _ seed: UInt64) -> ContainerScript {
        let attempt = Int(container.attempt)
        let found = behaviours.first { behaviour in
            behaviour.container == container.name && (behaviour.pod ?? pod) == pod && (behaviour.instance ?? attempt) == attempt
        }
        guard let found else { return answering(ContainerScript(), pod, container, seed, .healthy, [:]) }
        var script = ContainerScript(stop: found.stopAfter.map { .exits(after: $0, code: found.stopCode) } ?? .ignores)
        if let after = found.exitAfter {
            let extra = found.jitter * Chance.value(seed, "\(pod)/\(container.name)#\(attempt) exit")
            script.exit = .init(after: after + extra, code: found.exitCode, outOfMemory: found.outOfMemory)
        }
        script.startDuration = found.startTakes
        script.startFailure = found.startFails
        return answering(script, pod, container, seed, found.health, found.answers)
    }

    /// How its program answers probes by its pattern.
    private func answering(
        _ script: ContainerScript, _ pod: String, _ container: ContainerMetadata, _ seed: UInt64, _ health: HealthPattern,
        _ answers: [String: HealthPattern]
    ) -> ContainerScript {
        var script = script
        let name = container.name
        let attempt = Int(container.attempt)
        let state: @Sendable (String, Duration) -> HealthPattern.State = { question, time in
            let chance = Chance.value(seed, "\(pod)/\(name)#\(attempt) \(question) \(time.microseconds)")
            return (answers[question] ?? health).state(at: time, chance: chance)
        }
        script.command = { line, time in
            switch state(line, time) {
            case .well: ContainerScript.Command()
            case .sick: ContainerScript.Command(exitCode: 1, output: "not well\n")
            case .slow(let delay): ContainerScript.Command(duration: delay)
            }
        }
        script.network = { question in
            switch state(question.path, question.time) {
            case .well: NetworkReply(.http(status: 200))
            case .sick: NetworkReply(.http(status: 503))
            case .slow(let delay): NetworkReply(.http(status: 200), after: delay)
            }
        }
        return script
    }
}

/// How one run of an experiment went.
package struct ExperimentResult: Sendable {
    package var seed: UInt64
    package var outcome: RunOutcome
    package var checks: [Expectation.Result]
    package var passed: Bool { checks.allSatisfy(\.passed) }

    /// - Parameter tolerance: So much later than expected is in time.
    init(seed: UInt64, outcome: RunOutcome, _ expectations: [Expectation], tolerance: Duration) {
        self.seed = seed
        self.outcome = outcome
        checks = outcome.problems.map { Expectation.Result(text: "all steps are done", passed: false, found: $0) }
        checks += expectations.map { $0.judge(outcome, tolerance: tolerance) }
    }
}

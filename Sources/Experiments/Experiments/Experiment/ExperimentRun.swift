internal import CRI
internal import KubernetesAPI
import Synchronization

extension Experiment {
    /// Runs it once in simulated time.
    ///
    /// - Parameter repetition: The first is 0; the seed is one more each time.
    package func simulate(repetition: Int) async throws -> ExperimentResult {
        let disturbances = Disturbances()
        let seed = seed &+ UInt64(repetition)
        var run = SimulatedRun(pods: pods, duration: duration) { sandbox, container in
            script(sandbox.name, container, seed, disturbances)
        }
        run.interfere = { world in arm(world, disturbances) }
        let outcome = try await run.run()
        return ExperimentResult(seed: seed, outcome: outcome, checks: expectations.map { $0.judge(outcome) })
    }

    private func script(
        _ pod: String, _ container: ContainerMetadata, _ seed: UInt64, _ disturbances: Disturbances
    ) -> ContainerScript {
        let attempt = Int(container.attempt)
        let found = behaviours.first { behaviour in
            behaviour.container == container.name && (behaviour.pod ?? pod) == pod && (behaviour.instance ?? attempt) == attempt
        }
        guard let found else { return disturbed(ContainerScript(), pod, container, seed, .healthy, [:], disturbances) }
        var script = ContainerScript(stop: found.stopAfter.map { .exits(after: $0, code: found.stopCode) } ?? .ignores)
        if let after = found.exitAfter {
            let extra = found.jitter * Chance.value(seed, "\(pod)/\(container.name)#\(attempt) exit")
            script.exit = .init(after: after + extra, code: found.exitCode, outOfMemory: found.outOfMemory)
        }
        script.startDuration = found.startTakes
        script.startFailure = found.startFails
        return disturbed(script, pod, container, seed, found.health, found.answers, disturbances)
    }

    /// How its program answers probes: by what is done to it now, or else by its pattern.
    private func disturbed(
        _ script: ContainerScript, _ pod: String, _ container: ContainerMetadata, _ seed: UInt64, _ health: HealthPattern,
        _ answers: [String: HealthPattern], _ disturbances: Disturbances
    ) -> ContainerScript {
        var script = script
        let name = container.name
        let attempt = Int(container.attempt)
        let state: @Sendable (String, Duration) -> HealthPattern.State = { question, time in
            if let state = disturbances.state(pod, name) { return state }
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

    // MARK: Faults

    private func arm(_ world: SimulatedWorld, _ disturbances: Disturbances) {
        for step in steps {
            switch step.trigger {
            case .at(let time): world.schedule(step, at: time, disturbances)
            case .after(let pattern, let delay):
                let first = FirstOnly()
                world.observe { [weak world] happening in
                    guard let world, happening.pod == step.pod, pattern.matches(happening), first.take() else { return }
                    world.schedule(step, at: happening.at + delay, disturbances)
                }
            }
        }
    }
}

/// Lets one through.
private final class FirstOnly: Sendable {
    private let isTaken = Mutex(false)
    func take() -> Bool {
        isTaken.withLock { taken in
            defer { taken = true }
            return !taken
        }
    }
}

/// How programs answer now, whatever their pattern says.
final class Disturbances: Sendable {
    private let states = Mutex<[String: HealthPattern.State]>([:])
    func state(_ pod: String, _ container: String) -> HealthPattern.State? { states.withLock { $0["\(pod)/\(container)"] } }
    func set(_ state: HealthPattern.State?, _ pod: String, _ container: String) { states.withLock { $0["\(pod)/\(container)"] = state } }
}

extension SimulatedWorld {
    fileprivate func schedule(_ step: Experiment.Step, at time: Duration, _ disturbances: Disturbances) {
        clock.schedule(at: max(time, clock.elapsed)) { [weak self] in self?.perform(step, disturbances) }
    }

    private func perform(_ step: Experiment.Step, _ disturbances: Disturbances) {
        record.add(Happening(at: clock.elapsed, pod: step.pod, container: step.container, attempt: nil, what: .fault(step.text)))
        switch step.fault {
        case .end(let code, let outOfMemory): endNow(step.pod, step.container, code: code, outOfMemory: outOfMemory)
        case .delete(let grace): delete(step.pod, graceSeconds: grace)
        case .health(let state, let duration):
            disturbances.set(state, step.pod, step.container)
            clock.schedule(at: clock.elapsed + duration) { disturbances.set(nil, step.pod, step.container) }
        }
    }
}

/// How one run of an experiment went.
package struct ExperimentResult: Sendable {
    package var seed: UInt64
    package var outcome: SimulatedOutcome
    package var checks: [Expectation.Result]
    package var passed: Bool { checks.allSatisfy(\.passed) }
}

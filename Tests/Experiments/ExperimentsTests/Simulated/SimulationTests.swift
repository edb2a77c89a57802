import APIMachinery
import KubernetesAPI
import Testing

@testable import Experiments

@Suite struct ProbeSimulationTests {
    private func run(
        _ kind: ProbeSimulation.Kind, _ health: String, for duration: Duration, failure: Int32 = 3, initialDelay: Int32 = 0,
        seed: UInt64 = 1
    ) async throws -> ProbeSimulation.Outcome {
        var probe = Probe()
        (probe.periodSeconds, probe.timeoutSeconds, probe.failureThreshold, probe.initialDelaySeconds) = (10, 1, failure, initialDelay)
        return try await ProbeSimulation(kind, probe, health: try HealthPattern(parsing: health), duration: duration).run(seed: seed)
    }

    @Test func `a well program is ready at once and never restarted`() async throws {
        let outcome = try await run(.liveness, "ok", for: .seconds(3_600))
        #expect(outcome.restarts == 0)
        #expect(outcome.firstReady == .zero)
        #expect(outcome.readyShare == 1)
    }

    @Test func `readiness follows the program`() async throws {
        // Failures at 0, 10, 20; the first success at 30.
        let outcome = try await run(.readiness, "fail 0s-30s", for: .seconds(60))
        #expect(outcome.firstReady == .seconds(30))
        #expect(outcome.readyShare == 0.5)
        #expect(outcome.restarts == 0)
    }

    @Test func `a slow start without a startup probe is killed again and again`() async throws {
        // Failures at 0, 10, 20 end each instance.
        let outcome = try await run(.liveness, "fail 0s-60s", for: .seconds(300))
        #expect(outcome.firstKilled == .seconds(20))
        #expect(outcome.restarts >= 3)
    }

    @Test func `an initial delay saves it`() async throws {
        #expect(try await run(.liveness, "fail 0s-60s", for: .seconds(300), initialDelay: 60).restarts == 0)
    }

    @Test func `an answer beyond the timeout is a failure`() async throws {
        #expect(try await run(.liveness, "slow 100s- 2s", for: .seconds(300)).restarts > 0)
    }

    @Test func `chance depends on the seed alone`() async throws {
        let first = try await run(.liveness, "fail 50%", for: .seconds(3_600))
        let again = try await run(.liveness, "fail 50%", for: .seconds(3_600))
        #expect(first.restarts > 0)
        #expect(first.happenings == again.happenings)
        #expect(try await run(.liveness, "fail 50%", for: .seconds(3_600), seed: 2).happenings != first.happenings)
    }

    @Test(arguments: [
        ("sick", "is no state"), ("fail 10s", "is no window"), ("fail 20s-10s", "must end after"), ("slow 10s-20s", "how long"),
        ("fail 120%", "0% to 100%"),
    ])
    func `a pattern that makes no sense is refused with what would`(text: String, expected: String) {
        let error = #expect(throws: PatternError.self) { try HealthPattern(parsing: text) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
}

@Suite struct BackoffSimulationTests {
    @Test func `waits double up to five minutes`() async throws {
        let simulation = BackoffSimulation(
            policy: "Always", exitAfter: .seconds(1), exitCode: 1, duration: .seconds(1_000), cap: .seconds(300))
        #expect(try await simulation.starts().map(\.components.seconds) == [0, 1, 12, 33, 74, 155, 316, 617, 918])
    }

    @Test(arguments: [("Never", 1), ("OnFailure", 1), ("Always", 9)])
    func `a success is a reason to start again only under Always`(policy: String, count: Int) async throws {
        let simulation = BackoffSimulation(
            policy: policy, exitAfter: .seconds(1), exitCode: 0, duration: .seconds(1_000), cap: .seconds(300))
        #expect(try await simulation.starts().count == count)
    }

    @Test func `a lower cap`() async throws {
        let simulation = BackoffSimulation(policy: "Always", exitAfter: .seconds(1), exitCode: 1, duration: .seconds(60), cap: .seconds(5))
        let report = BackoffReport(starts: try await simulation.starts(), life: .seconds(1))
        #expect(report.text.contains("waited 5 s"))
        #expect(report.json["starts"]?[2]?["waitedMicroseconds"] == 5_000_000)
    }
}

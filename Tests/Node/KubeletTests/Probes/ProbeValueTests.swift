import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

struct ProbeCounterTests {
    /// Outcomes as letters: s success, w warning, f failure, e error. Verdicts likewise, `-` for none new.
    @Test(
        arguments: [
            (ProbeKind.readiness, 1, 3, "ssffsfff", "s------f"),
            (.readiness, 2, 1, "sfssf", "---sf"),
            (.readiness, 1, 2, "sfefs", "s--f" + "s"),
            (.readiness, 1, 1, "fwe", "-s-"),
            (.liveness, 1, 3, "ssfffss", "----f--"),
            (.liveness, 1, 1, "fs", "f-"),
            (.startup, 1, 3, "ffs", "--s"),
            (.startup, 1, 2, "ffs", "-f-"),
            (.startup, 1, 1, "sf", "s-"),
        ] as [(ProbeKind, Int, Int, String, String)])
    func `verdicts follow runs of outcomes`(kind: ProbeKind, successes: Int, failures: Int, outcomes: String, expected: String) {
        var settings = ProbeSettings(kind, Probe())
        settings.successThreshold = successes
        settings.failureThreshold = failures
        var counter = ProbeCounter(settings)
        let verdicts = outcomes.map { letter -> Character in
            let outcome: ProbeOutcome =
                switch letter {
                case "s": .success
                case "w": .warning("")
                case "f": .failure("")
                default: .error("")
                }
            return counter.count(outcome)?.rawValue.first ?? "-"
        }
        #expect(String(verdicts) == expected)
    }

    @Test func `what counts before the first verdict`() {
        let verdicts = ProbeKind.allCases.map { ProbeCounter(ProbeSettings($0, Probe())).verdict }
        #expect(verdicts == [.unknown, .success, .failure])
    }

    @Test(arguments: [
        (0, 0, 10), (0, 9, 10), (0, 10, 10), (0, 11, 10), (0, 25, 20), (20, 25, 30), (0, 40, 40),
    ])
    func `the ticks of a probe with 10 s`(tick: Int, now: Int, expected: Int) {
        let settings = ProbeSettings(.liveness, Probe())
        #expect(settings.next(after: .seconds(tick), now: .seconds(now)) == .seconds(expected))
    }

    @Test func `defaults`() {
        let settings = ProbeSettings(.liveness, Probe())
        #expect((settings.period, settings.timeout, settings.initialDelay) == (.seconds(10), .seconds(1), .zero))
        #expect((settings.successThreshold, settings.failureThreshold) == (1, 3))
    }
}

struct ProbePeriodTests {
    @Test(
        arguments: [
            ("200ms", 200_000), ("1.5s", 1_500_000), ("1m", 60_000_000), ("1h", 3_600_000_000), ("10ms", 10_000), ("9ms", nil),
            ("61m", nil),
            ("200", nil), ("ms", nil), ("-1s", nil), ("1e3ms", nil), ("0x10s", nil), ("", nil), ("inf", nil), ("1.2.3s", nil),
        ] as [(String, Int?)])
    func `durations`(text: String, microseconds: Int?) { #expect(ProbePeriods.parse(text) == microseconds.map { .microseconds($0) }) }

    @Test(
        arguments: [
            ("app.readiness-period", "200ms", nil),
            ("app.readiness-period", "fast", "\"fast\" must be a duration from 10ms to 1h, as 200ms or 1.5s"),
            ("app.liveness-period", "200ms", "container app has no liveness probe"),
            ("web.liveness-period", "1s", "there is no container \"web\""),
            ("app.readiness", "1s", "must be <container>.<liveness|readiness|startup>-period"),
        ] as [(String, String, String?)])
    func `what is wrong is said`(key: String, value: String, expected: String?) {
        let pod = makePod("p") {
            $0.metadata.annotations["probe.swiftlet.dev/" + key] = value
            $0.spec.containers[0].readinessProbe = Probe()
        }
        #expect(ProbePeriods.problems(pod) == (expected.map { ["annotation probe.swiftlet.dev/\(key): \($0)"] } ?? []))
    }
}

struct ProbeVerdictsTests {
    @Test func `verdicts survive being written down`() {
        var verdicts = ProbeVerdicts()
        verdicts["c1", .readiness] = .success
        verdicts["c1", .startup] = .unknown
        verdicts["c2", .liveness] = .failure
        #expect(ProbeVerdicts(parsing: verdicts.text) == verdicts)
        #expect(ProbeVerdicts(parsing: verdicts.text + "torn lin\n\u{0}\nc3 readiness\n") == verdicts)
    }

    @Test func `the history is bounded and its histogram counts everything`() {
        let settings = ProbeSettings(.readiness, Probe())
        var history = ProbeHistory(container: "c", containerID: "id", settings, verdict: .failure)
        for number in 0..<100 {
            history.add(
                .failure(String(repeating: "x", count: 1_000)), at: Timestamp(seconds: Int64(number)), .milliseconds(number),
                verdict: .failure)
        }
        #expect(history.attempts.count == ProbeHistory.maxAttempts && history.attempts.allSatisfy { $0.message.utf8.count == 256 })
        #expect(history.attempts.last?.time.seconds == 99)
        #expect((history.totalCount, history.counts.failed) == (100, 100))
        #expect(history.buckets.prefix(5) == [1, 1, 1, 3, 5])
        #expect(history.json["durationSeconds"]?["buckets"]?.arrayValue?.last?["count"]?.integerValue == 100)
    }
}

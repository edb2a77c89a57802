import ArgumentParser
internal import APIMachinery
internal import Experiments
internal import KubernetesAPI

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Find out what a probe's settings lead to.", subcommands: [Simulate.self])

    struct Simulate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "simulate", abstract: "Simulate a probe: when the pod is ready, when it is killed, how often it is restarted.",
            discussion: """
                The real node agent runs the pod under a virtual clock; hours take milliseconds. --health says when the program is well, in \
                the time since its start: ok, fail 0s-30s, fail 60s-, slow 10s-20s 3s (answers after 3 s), fail 30% (of the attempts); \
                several are separated by commas, and the first that holds counts. What holds for a share of the attempts depends on the seed.
                """)

        @Option(help: "liveness, readiness or startup.")
        var kind = Kind.liveness

        @Option(help: "periodSeconds, or a span such as 10s.")
        var period = "10s"

        @Option(help: "timeoutSeconds.")
        var timeout = "1s"

        @Option(help: "successThreshold.")
        var success: Int32 = 1

        @Option(help: "failureThreshold.")
        var failure: Int32 = 3

        @Option(help: "initialDelaySeconds.")
        var initialDelay = "0"

        @Option(help: "When the program is well.")
        var health = "ok"

        @Option(name: .customLong("for"), help: "How long to simulate.")
        var duration = "1h"

        @Option(help: "How many seeds to try; the first is 1.")
        var seeds = 1

        @Option(name: .shortAndLong, help: "text or json.")
        var output = Format.text

        enum Kind: String, CaseIterable, ExpressibleByArgument { case liveness, readiness, startup }
        enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

        func run() async throws {
            let simulation = try simulation()
            guard (1...10_000).contains(seeds) else { throw UsageError("--seeds \(seeds): must be 1 to 10000") }
            var outcomes: [ProbeSimulation.Outcome] = []
            for seed in 1...seeds { outcomes.append(try await simulation.run(seed: UInt64(seed))) }
            let report = ProbeReport(outcomes: outcomes, duration: simulation.duration)
            Output.print(output == .json ? report.json.serializedText(.pretty) : report.text)
        }

        private func simulation() throws -> ProbeSimulation {
            let pattern: HealthPattern
            do { pattern = try HealthPattern(parsing: health) } catch { throw UsageError("--health \(health): \(error)") }
            var probe = Probe()
            probe.periodSeconds = try seconds(period, "--period", from: 1)
            probe.timeoutSeconds = try seconds(timeout, "--timeout", from: 1)
            probe.initialDelaySeconds = try seconds(initialDelay, "--initial-delay", from: 0)
            (probe.successThreshold, probe.failureThreshold) = (success, failure)
            guard success >= 1, failure >= 1 else { throw UsageError("--success and --failure must be 1 or more") }
            guard kind == .readiness || success == 1 else { throw UsageError("--success \(success): must be 1 for \(kind.rawValue)") }
            let span = try TimeSpan.parse(duration)
            guard span <= .seconds(366 * 86_400) else { throw UsageError("--for \(duration): a year is the most") }
            return ProbeSimulation(.init(rawValue: kind.rawValue) ?? .liveness, probe, health: pattern, duration: span)
        }

        private func seconds(_ text: String, _ option: String, from least: Int32) throws -> Int32 {
            let span = text == "0" ? .zero : try TimeSpan.parse(text)
            guard span.components.attoseconds == 0, let seconds = Int32(exactly: span.components.seconds), seconds >= least else {
                throw UsageError("\(option) \(text): whole seconds are needed, \(least) or more")
            }
            return seconds
        }
    }
}

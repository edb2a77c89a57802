import ArgumentParser
internal import APIMachinery
internal import Experiments
internal import LinuxSystem

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment", abstract: "Probe and restart experiments, with faults and expectations.",
        subcommands: [Run.self, Compare.self])

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Run an experiment's file and tell whether all went as it expects.",
            discussion: """
                Real pods are started as swiftlet run starts them; the steps are done to them in their time, and nothing is left behind. A step \
                that this machine can't do is refused by name, with the reason, before anything starts.

                With --simulate the real node agent runs the pods under a virtual clock, with programs that do what the file says; a day \
                takes seconds at most, and one seed always gives the same. docs/experiments.md tells what a file may say.

                The exit code is 0 when all was as expected, 1 when not, 2 for a mistake in the file, 3 when the machine can't do it.
                """)

        @OptionGroup var source: ExperimentSource

        @Flag(help: "In simulated time, with scripted programs.")
        var simulate = false

        @Option(help: "Write a page with the timelines here.", completion: .file(extensions: ["html"]))
        var report: String?

        @Option(name: .shortAndLong, help: "text, json or junit.")
        var output = Format.text

        @OptionGroup var instance: InstanceOptions

        enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, junit }

        func run() async throws {
            let all = try source.read(simulate ? .simulated : .real)
            let result = try await simulate ? ExperimentReport.simulate(all) : real(all)
            switch output {
            case .text: Output.print(result.text)
            case .json: Output.print(result.json.serializedText(.pretty))
            case .junit: Output.print(result.junit)
            }
            if let report { try Files.replace(InstanceName.absolute(report), with: Array(result.html.utf8), durably: false) }
            guard result.passed else { throw ExitCode.answerIsNo }
        }

        private func real(_ all: ExperimentSource.Variants) async throws -> ExperimentReport {
            try Privilege.requireRoot()
            let opened = try await Instance.open(instance.place, for: .run)
            let node = ExperimentNode.make(opened)
            let showsProgress = all.count > 1 || (all.first?.experiment.repetitions ?? 1) > 1
            return try await ExperimentSource.refusingTheImpossible {
                try await ExperimentNode.whileUninterrupted {
                    try await ExperimentReport.run(all, on: node) { if showsProgress { Output.warn($0) } }
                }
            }
        }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compare", abstract: "Run an experiment simulated and on real pods, and compare the order of what happened.",
            discussion: """
                Each container's starts, ends and stops, and each pod's phases and readiness have to come in the same order in both; times are \
                not compared. The real run ends when it has shown as much as the simulated one, or after four times its duration. The \
                exit code is 0 when both agree, 1 when not.
                """)

        @OptionGroup var source: ExperimentSource

        @Option(name: .shortAndLong, help: "text or json.")
        var output = Format.text

        @OptionGroup var instance: InstanceOptions

        enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

        func run() async throws {
            _ = try source.read(.simulated)
            let all = try source.read(.real)
            try Privilege.requireRoot()
            let opened = try await Instance.open(instance.place, for: .run)
            let node = ExperimentNode.make(opened)
            var comparisons: [SequenceComparison] = []
            for (_, experiment) in all {
                comparisons.append(
                    try await ExperimentSource.refusingTheImpossible {
                        try await ExperimentNode.whileUninterrupted { try await experiment.compare(on: node) }
                    })
            }
            switch output {
            case .text: for comparison in comparisons { Output.print(comparison.text) }
            case .json: Output.print(JSONValue.array(comparisons.map(\.json)).serializedText(.pretty))
            }
            guard comparisons.allSatisfy(\.agrees) else { throw ExitCode.answerIsNo }
        }
    }
}

/// The file of an experiment, and what is changed about it.
struct ExperimentSource: ParsableArguments {
    typealias Variants = [(values: [String], experiment: Experiment)]

    @Argument(help: "The experiment.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(name: .customLong("set"), help: "NAME=VALUE for a parameter of the file's sweep, in place of its values; may be repeated.")
    var values: [String] = []

    func read(_ mode: ExperimentMode) throws -> Variants {
        let text: String
        do { text = try Files.readText(InstanceName.absolute(file)) } catch { throw UsageError("\(error)") }
        do {
            return try ExperimentReader.read(text, file: file, mode: mode, set: try parameters())
        } catch let error as ExperimentError {
            throw ManifestRefusal(description: error.description)
        }
    }

    private func parameters() throws -> [String: String] {
        try values.reduce(into: [:]) { parameters, text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else { throw UsageError("--set \(text): write it as NAME=VALUE") }
            parameters[parts[0]] = parts[1]
        }
    }

    /// What the machine can't do is an answer of its own.
    static func refusingTheImpossible<Answer>(_ work: () async throws -> Answer) async throws -> Answer {
        do { return try await work() } catch let impossible as ImpossibleSteps {
            throw EnvironmentError(problem: impossible.description, mend: "leave the step out, or run it where it can be done")
        }
    }
}

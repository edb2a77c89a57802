import ArgumentParser
internal import APIMachinery
internal import Experiments
internal import LinuxSystem

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment", abstract: "Probe and restart experiments, with faults and expectations.", subcommands: [Run.self])

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Run an experiment's file and tell whether all went as it expects.",
            discussion: """
                With --simulate the real node agent runs the pods under a virtual clock, with programs that do what the file says; a day \
                takes seconds at most, and one seed always gives the same. docs/experiments.md tells what a file may say.

                The exit code is 0 when all was as expected, 1 when not, 2 for a mistake in the file.
                """)

        @Argument(help: "The experiment.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        @Flag(help: "In simulated time, with scripted programs; needed, as experiments on real pods are not there yet.")
        var simulate = false

        @Option(help: "Write a page with the timelines here.", completion: .file(extensions: ["html"]))
        var report: String?

        @Option(name: .shortAndLong, help: "text, json or junit.")
        var output = Format.text

        enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, junit }

        func run() async throws {
            guard simulate else { throw UsageError("experiments run simulated only, so far: add --simulate") }
            let result = try await experiment()
            switch output {
            case .text: Output.print(result.text)
            case .json: Output.print(result.json.serializedText(.pretty))
            case .junit: Output.print(result.junit)
            }
            if let report { try Files.replace(InstanceName.absolute(report), with: Array(result.html.utf8), durably: false) }
            guard result.passed else { throw ExitCode.answerIsNo }
        }

        private func experiment() async throws -> ExperimentReport {
            let text: String
            do { text = try Files.readText(InstanceName.absolute(file)) } catch { throw UsageError("\(error)") }
            do {
                return try await ExperimentReport.simulate(text, file: file)
            } catch let error as ExperimentError {
                throw UsageError(error.description)
            }
        }
    }
}

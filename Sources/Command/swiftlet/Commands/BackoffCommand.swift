import ArgumentParser
internal import APIMachinery
internal import Experiments

struct BackoffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backoff", abstract: "Say when a container that keeps ending is started again.",
        discussion: "The real node agent restarts it under a virtual clock.")

    @Option(help: "Always, OnFailure or Never.")
    var policy = Policy.always

    @Option(help: "How long each instance lives.")
    var exitAfter = "1s"

    @Option(help: "What it ends with.")
    var exitCode: Int32 = 1

    @Option(name: .customLong("for"), help: "How long to simulate.")
    var duration = "30m"

    @Option(help: "The longest wait.")
    var cap = "5m"

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    enum Policy: String, CaseIterable, ExpressibleByArgument {
        case always = "Always"
        case onFailure = "OnFailure"
        case never = "Never"
    }
    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

    func run() async throws {
        guard (0...255).contains(exitCode) else { throw UsageError("--exit-code \(exitCode): must be 0 to 255") }
        let life = try TimeSpan.parse(exitAfter)
        let simulation = BackoffSimulation(
            policy: policy.rawValue, exitAfter: life, exitCode: exitCode, duration: try TimeSpan.parse(duration),
            cap: try TimeSpan.parse(cap))
        let report = BackoffReport(starts: try await simulation.starts(), life: life)
        Output.print(output == .json ? report.json.serializedText(.pretty) : report.text)
    }
}

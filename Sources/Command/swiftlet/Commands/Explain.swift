import ArgumentParser
internal import APIMachinery
internal import Experiments

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a pod is as it is: what holds it up, since when, what shows that, what would mend it.",
        discussion: """
            Reads the pod, its events, node and claims from the API server, and asks the instance's daemons for what only they know: the \
            scheduler's attempts node by node, the steps that the node agent took, its probes. A pod that is gone is explained as far as it \
            is remembered.

            The exit code is 0 when the pod runs and is ready or has done its work, 1 when not.
            """)

    @OptionGroup var lookup: PodLookup

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

    func run() async throws {
        let explanation = Explanation(try await lookup.facts())
        switch output {
        case .text: Output.print(explanation.text)
        case .json: Output.print(explanation.json.serializedText(.pretty))
        }
        guard explanation.isFine else { throw ExitCode.answerIsNo }
    }
}

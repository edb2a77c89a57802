import ArgumentParser
internal import APIMachinery
internal import Experiments
internal import Verification

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a pod is as it is: what holds it up, since when, what shows that, what would mend it.",
        discussion: """
            Reads the pod, its events, node and claims from the API server, and asks the instance's daemons for what only they know: the \
            scheduler's attempts node by node, the steps that the node agent took, its probes. A pod that is gone is explained as far as it \
            is remembered.

            The exit code is 0 when the pod runs and is ready or has done its work, 1 when not.

            With --plan a manifest stands in the pod's place, and nothing is started: what the kernel will get of it is told, with the formula \
            that leads to each value (cgroup files, ids, capabilities, mounts, namespaces, settings). What follows from an image alone is left out.
            """)

    @OptionGroup var lookup: PodLookup

    @Flag(help: "Of a manifest: say what the kernel will get, without starting anything.")
    var plan = false

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

    func run() async throws {
        if plan { return try showPlan() }
        let explanation = Explanation(try await lookup.facts())
        switch output {
        case .text: Output.print(explanation.text)
        case .json: Output.print(explanation.json.serializedText(.pretty))
        }
        guard explanation.isFine else { throw ExitCode.answerIsNo }
    }

    private func showPlan() throws {
        let manifest = try Manifests.load(lookup.pod, isStrict: false)
        var facts = VerificationFacts(dataDirectory: lookup.directories.absoluteDataDirectory)
        facts.objects = manifest.objects
        let plans = manifest.pods.map { PodPlan(facts.facts(planned: $0)) }
        switch output {
        case .text: Output.print(plans.map(\.text).joined(separator: "\n\n"))
        case .json: Output.print(JSONValue.array(plans.map(\.json)).serializedText(.pretty))
        }
    }
}

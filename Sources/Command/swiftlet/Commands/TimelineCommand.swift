import ArgumentParser
internal import APIMachinery
internal import Experiments

struct TimelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline", abstract: "Show where a pod's time went: every phase with microseconds, restarts, back-offs and probes.",
        discussion: """
            The node agent remembers the latest 256 steps of each pod and the latest 64 attempts of each probe, also of the 32 pods that went \
            last. chrome is for chrome://tracing and Perfetto; html is a page by itself, with a picture.
            """)

    @OptionGroup var lookup: PodLookup

    @Option(name: .shortAndLong, help: "text, json, chrome or html.")
    var output = Format.text

    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, chrome, html }

    func run() async throws {
        let facts = try await lookup.facts()
        guard facts.pod != nil || !facts.steps.isEmpty else {
            throw Refusal("pod \(facts.reference) not found, and nothing is remembered of it")
        }
        let timeline = Timeline(facts)
        switch output {
        case .text: Output.print(timeline.text)
        case .json: Output.print(timeline.json.serializedText(.pretty))
        case .chrome: Output.print(timeline.chromeTrace.serializedText())
        case .html: Output.print(timeline.html)
        }
    }
}

import ArgumentParser

struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Run the control plane alone: the API server and its store.",
        discussion: """
            Needs no root when the directories and the port are the user's own. SIGTERM or SIGINT ends it in order; everything that was \
            acknowledged is in the store.
            """)

    @OptionGroup var options: ControlPlaneOptions

    func run() async throws { try await ControlPlaneDaemon(options).run() }
}

import ArgumentParser

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start Swiftlet on this machine: the control plane that kubectl talks to.",
        discussion: """
            Prints "ready in N ms" and where the administrator's kubeconfig is. SIGTERM or SIGINT ends it in order; swiftlet down ends a \
            daemon in the background.

            What it does not do yet: it starts no node agent, so pods that are created stay Pending; and there are no scheduler and no \
            controllers, so a Deployment makes no pods and a deleted namespace that is not empty goes on terminating. Pods run by \
            manifest: swiftlet run, swiftlet agent.
            """)

    @OptionGroup var options: ControlPlaneOptions

    func run() async throws { try await ControlPlaneDaemon(options).run() }
}

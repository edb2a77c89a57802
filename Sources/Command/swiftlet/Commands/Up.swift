import ArgumentParser

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start Swiftlet on this machine: a whole cluster of one node, that kubectl talks to.",
        discussion: """
            Prints "ready in N ms" and where the administrator's kubeconfig is, once pods can be started. SIGTERM or SIGINT ends it in \
            order and leaves the pods running, for the next one to take over; swiftlet down ends everything.
            """)

    @OptionGroup var options: ControlPlaneOptions

    @OptionGroup var node: NodeOptions

    @OptionGroup var limits: PodLimitOptions

    @OptionGroup var registration: RegistrationOptions

    @OptionGroup var registries: RegistryOptions

    @Option(help: "Directory of manifests of static pods, watched for changes.", completion: .directory)
    var podManifestPath: String?

    func run() async throws {
        let settings = try NodeAgent.Settings(
            InstancePlace(options.directories, node), manifests: podManifestPath, limits, registration, registries)
        do {
            try Privilege.requireRoot()
        } catch {
            throw EnvironmentError(
                problem: "the node agent must be root", mend: "run it with sudo, or start the control plane alone with swiftlet server")
        }
        try await ControlPlaneDaemon(options, agent: settings).run()
    }
}

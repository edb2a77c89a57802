import ArgumentParser
internal import KubernetesClient

struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run the node agent: the pods of a directory of manifests, or those of an API server.",
        discussion: """
            Pods go on when the agent ends, however it ends; the next one takes them over. swiftlet down ends them.

            With --kubeconfig it is a node of that API server: it registers under its name, runs the pods that are bound to it, and \
            shows those of manifests there.
            """)

    @OptionGroup var instance: InstanceOptions

    @OptionGroup var limits: PodLimitOptions

    @OptionGroup var registration: RegistrationOptions

    @OptionGroup var registries: RegistryOptions

    @Option(help: "Directory of manifests, watched for changes.", completion: .directory)
    var podManifestPath: String?

    @Option(help: "How to reach the API server, and as whom.", completion: .file())
    var kubeconfig: String?

    func run() async throws {
        let start = ContinuousClock.now
        try Privilege.requireRoot()
        let settings = try NodeAgent.Settings(instance.place, manifests: podManifestPath, limits, registration, registries)
        guard settings.manifests != nil || kubeconfig != nil else {
            throw UsageError("--pod-manifest-path or --kubeconfig is needed: there is nobody else to name pods")
        }
        let api = try kubeconfig.map { try KubeconfigFile.client(path: $0, userAgent: "kubelet/\(Version.kubernetes)") }
        let interruption = try Interruption()
        let opened = try await Instance.open(instance.place, for: .agent, registries: settings.registries, logs: settings.logPolicy)
        let agent = try NodeAgent(opened, settings, api: api)
        let answers = NodeAnswers(kubelet: agent.kubelet)
        let questions = try ControlSocket.serve(.agent, runDirectory: instance.absoluteRunDirectory) { question in
            guard case .pod(let namespace, let name) = question else {
                return ControlAnswers.failure("an agent alone does not answer that")
            }
            return await answers.answer(namespace: namespace, name: name)
        }
        defer { questions.close() }
        Output.print("ready in \(Int(start.duration(to: .now) / .milliseconds(1))) ms")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = await interruption.signal() }
            group.addTask { try await agent.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

enum ManifestPath {
    static func absolute(_ path: String) throws -> String {
        let directory = InstanceName.absolute(path)
        guard Machine.isDirectory(directory) else { throw UsageError("--pod-manifest-path \(path): is not a directory") }
        return directory
    }
}

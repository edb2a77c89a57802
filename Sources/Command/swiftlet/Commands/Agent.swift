import ArgumentParser
internal import APIMachinery
internal import Kubelet
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

    @Option(name: .customLong("cluster-dns"), help: "Addresses of the cluster's DNS, with commas; pods ask them.")
    var clusterDNS: String?

    @Option(help: "Domain of the cluster's names (default: cluster.local).")
    var clusterDomain: String?

    @Flag(help: "Ask the cluster for the certificate of this node's own API, and again before it ends; somebody has to approve it.")
    var rotateServerCertificates = false

    func run() async throws {
        let start = ContinuousClock.now
        try Privilege.requireRoot()
        var settings = try NodeAgent.Settings(instance.place, manifests: podManifestPath, limits, registration, registries)
        settings.change(try clusterSettings)
        guard settings.manifests != nil || kubeconfig != nil else {
            throw UsageError("--pod-manifest-path or --kubeconfig is needed: there is nobody else to name pods")
        }
        let access = try kubeconfig.map { try KubeconfigFile.access(path: $0, userAgent: "kubelet/\(Version.kubernetes)") }
        let interruption = try Interruption()
        let opened = try await Instance.open(instance.place, for: .agent, registries: settings.registries, logs: settings.logPolicy)
        var server: RemoteAgentServer?
        if let access { server = try await RemoteAgentServer.start(settings, access) }
        if let port = server?.api.port { settings.change { $0.port = Int32(port) } }
        let agent = try NodeAgent(opened, settings, api: access?.client)
        if let server, let access { server.api.serve(agent.kubelet, runtime: agent.runtime, client: access.client) }
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
            if let server { group.addTask { await server.keepUntilCancelled() } }
            defer { group.cancelAll() }
            try await group.next()
        }
        await server?.api.stop()
    }

    /// - Throws: `UsageError`.
    private var clusterSettings: @Sendable (inout KubeletConfiguration) -> Void {
        get throws {
            let servers = clusterDNS?.split(separator: ",").map(String.init)
            if let wrong = servers?.first(where: { IPAddress($0) == nil }) {
                throw UsageError("--cluster-dns \(wrong): is not an IP address")
            }
            let (domain, rotates) = (clusterDomain, rotateServerCertificates)
            return { configuration in
                if let servers { configuration.clusterDNS = servers }
                if let domain { configuration.clusterDomain = domain }
                if rotates { configuration.serverTLSBootstrap = true }
            }
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

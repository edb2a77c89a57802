import ArgumentParser
internal import APIMachinery
internal import ControlPlane
internal import Kubelet
internal import KubernetesClient

struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run the node agent: the pods of a directory of manifests, or those of a cluster.",
        discussion: """
            Pods go on when the agent ends, however it ends; the next one takes them over. swiftlet down ends them.

            With --server it joins a cluster: the first time with a token of swiftlet token create, from then on with a certificate of its \
            own, which it has renewed. The cluster gives it its pods' addresses; services, network policies, names and the ways to other \
            nodes' pods are its affair too. With --kubeconfig it is a node of that API server as the user there.
            """)

    @OptionGroup var instance: InstanceOptions

    @OptionGroup var limits: PodLimitOptions

    @OptionGroup var registration: RegistrationOptions

    @OptionGroup var registries: RegistryOptions

    @Option(help: "Directory of manifests, watched for changes.", completion: .directory)
    var podManifestPath: String?

    @Option(help: "The API server to join: https://HOST:PORT.")
    var server: String?

    @Option(help: "A token to join with: ID.SECRET, or ID.SECRET@sha256:HASH, as swiftlet token create prints it.")
    var token: String?

    @Option(help: "Hash of the cluster's certificate authority, sha256:HASH; needed with a token that has none.")
    var caHash: String?

    @Option(help: "How to reach the API server, and as whom.", completion: .file())
    var kubeconfig: String?

    @Option(name: .customLong("cluster-dns"), help: "Addresses of the cluster's DNS, with commas; pods ask them (default: the cluster's).")
    var clusterDNS: String?

    @Option(help: "Domain of the cluster's names (default: cluster.local).")
    var clusterDomain: String?

    @Option(
        help: "What becomes of packets that no NetworkPolicy allows: drop, or reject: the sender is told at once; off: policies do nothing."
    )
    var networkPolicies = PolicyEnforcement.drop

    @Flag(help: "Ask the cluster for the certificate of this node's own API, and again before it ends; with --server that is always done.")
    var rotateServerCertificates = false

    func run() async throws {
        let start = ContinuousClock.now
        try Privilege.requireRoot()
        var settings = try NodeAgent.Settings(instance.place, manifests: podManifestPath, limits, registration, registries)
        settings.change(try clusterSettings)
        guard settings.manifests != nil || kubeconfig != nil || server != nil else {
            throw UsageError("--server, --kubeconfig or --pod-manifest-path is needed: there is nobody else to name pods")
        }
        let cluster = try await joinedCluster(&settings)
        let interruption = try Interruption()
        let opened = try await Instance.open(settings.place, for: .agent, registries: settings.registries, logs: settings.logPolicy)
        let access = cluster?.access
        var server: RemoteAgentServer?
        if let cluster { server = try await RemoteAgentServer.start(settings, cluster.access, cluster.join?.credentials) }
        if let port = server?.api.port { settings.change { $0.port = Int32(port) } }
        let agent = try NodeAgent(opened, settings, api: access?.client)
        if let server, let access { server.api.serve(agent.kubelet, runtime: agent.runtime, client: access.client) }
        let network = try await cluster?.startNetwork(agent, policies: networkPolicies)
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
            if let network { group.addTask { await network.run() } }
            if let renewal = cluster?.renewal { group.addTask { await renewal.keepUntilCancelled() } }
            defer { group.cancelAll() }
            try await group.next()
        }
        await server?.api.stop()
    }

    /// - Throws: `UsageError`.
    private func joinedCluster(_ settings: inout NodeAgent.Settings) async throws -> AgentCluster? {
        if let server {
            guard kubeconfig == nil else { throw UsageError("--server and --kubeconfig: one of them") }
            settings.change { $0.serverTLSBootstrap = true }
            return try await AgentCluster.join(ClusterJoin(settings.place, server: server, token: token, hash: caHash), &settings)
        }
        guard let kubeconfig else { return nil }
        let access = try KubeconfigFile.access(path: kubeconfig, userAgent: "kubelet/\(Version.kubernetes)")
        return try await AgentCluster.use(access, &settings)
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

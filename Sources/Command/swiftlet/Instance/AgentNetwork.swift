internal import APIMachinery
internal import ContainerRuntime
internal import ControlPlane
internal import KubernetesAPI
internal import KubernetesClient

/// The cluster's network on a node whose control plane is another process.
struct AgentNetwork: Sendable {
    private static let period = Duration.seconds(2)
    /// With it a node tells where its DNS server listens for the cluster's pods.
    private static let dnsAnnotation = "swiftlet.dev/cluster-dns"

    private let network: ClusterNetwork
    private let informers: SharedInformers
    private let running: Task<Void, Never>
    private let nodeName: String
    private let client: Client
    /// nil: names are answered elsewhere only.
    private let dnsAddress: String?

    /// - Returns: nil when pods of this runtime have no network.
    static func start(
        _ runtime: NativeRuntime, nodeName: String, facts: ClusterNetworkFacts, policies: PolicyEnforcement, client: Client
    ) async throws -> AgentNetwork? {
        let informers = SharedInformers(client) { Output.warn("swiftlet: informer: \($0)") }
        let answersNames = !facts.clusterDNS.isEmpty
        let network = try await ClusterNetwork.start(
            runtime, .init(nodeName: nodeName, network: facts, answersNames: answersNames, policies: policies), client: client,
            informers: informers)
        guard let network else { return nil }
        let gateway = runtime.serviceSide?.gateways.first { !$0.contains(":") }
        return AgentNetwork(
            network: network, informers: informers, running: Task { await informers.run() }, nodeName: nodeName, client: client,
            dnsAddress: answersNames ? gateway : nil)
    }

    /// Works until the task is cancelled.
    func run() async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await network.run() }
                group.addTask { await tellOfDNS() }
            }
        } onCancel: {
            running.cancel()
        }
    }

    /// Keeps the annotation at the node's object, which may be made anew at any time.
    private func tellOfDNS() async {
        let nodes = informers.informer(Node.self)
        await nodes.waitForSync()
        while !Task.isCancelled {
            if let node = nodes[ObjectKey(name: nodeName)], node.metadata.annotations[Self.dnsAnnotation] != dnsAddress {
                let annotations: JSONValue = .object(
                    JSONObject(members: [.init(key: Self.dnsAnnotation, value: dnsAddress.map { .string($0) } ?? .null)]))
                do throws(ClientError) {
                    _ = try await client.resource(Node.self).patch(nodeName, .merge, ["metadata": ["annotations": annotations]])
                } catch {
                    Output.warn("swiftlet: tell of this node's DNS server: \(error)")
                }
            }
            try? await Task.sleep(for: Self.period)
        }
    }
}

internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Shows the DNS servers that nodes have of their own behind the service `kube-dns`, each meant for its node's pods: they ask the one that is
/// next to them, and others only when that is away.
package struct NodeDNSEndpoints: Controller {
    package static let name = "node-dns-endpoints"
    package static var user: String { EndpointSliceController.user }
    private static let key = ObjectKey(namespace: "kube-system", name: "kube-dns-nodes")
    private let context: ControllerContext
    private let nodes: Informer<Node>
    private let slices: Informer<EndpointSlice>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        nodes = context.informers.informer(Node.self)
        slices = context.informers.informer(EndpointSlice.self)
        let queue = WorkQueue<ObjectKey>(time: context.time)
        self.queue = queue
        guard context.settings.hasClusterDNS else { return }
        nodes.addHandler { event in
            if case .updated(let old, let new) = event, NodeDNSSlice.entry(old) == NodeDNSSlice.entry(new) { return }
            queue.add(Self.key)
        }
    }

    package func run() async {
        guard context.settings.hasClusterDNS else { return }
        await context.informers.waitForSync()
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 1)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        let endpoints = NodeDNSSlice.endpoints(nodes.objects(), except: context.settings.clusterDNSNode)
        let client = context.client.resource(EndpointSlice.self, namespace: key.namespace)
        guard var slice = slices[key] else {
            if !endpoints.isEmpty { _ = try await client.create(NodeDNSSlice.new(key, endpoints)) }
            return .done
        }
        guard slice.endpoints != endpoints else { return .done }
        slice.endpoints = endpoints
        _ = try await client.update(slice)
        return .done
    }
}

/// What the slice says: pure.
enum NodeDNSSlice {
    /// With it a node tells where its DNS server listens for the cluster's pods.
    static let annotation = "swiftlet.dev/cluster-dns"

    static func entry(_ node: Node) -> Endpoint? {
        guard let address = node.metadata.annotations[annotation], IPAddress(address)?.isIPv4 == true else { return nil }
        let name = node.metadata.name ?? ""
        return Endpoint {
            $0.addresses = [address]
            $0.nodeName = name
            $0.conditions = EndpointConditions { $0.ready = node.isReady }
            $0.hints = EndpointHints { $0.forNodes = [ForNode { $0.name = name }] }
        }
    }

    static func endpoints(_ nodes: [Node], except shown: String?) -> [Endpoint] {
        nodes.filter { $0.metadata.name != shown }.compactMap(entry).sorted { ($0.nodeName ?? "") < ($1.nodeName ?? "") }
    }

    static func new(_ key: ObjectKey, _ endpoints: [Endpoint]) -> EndpointSlice {
        EndpointSlice {
            $0.metadata.name = key.name
            $0.metadata.namespace = key.namespace
            $0.metadata.labels = ["kubernetes.io/service-name": "kube-dns", "endpointslice.kubernetes.io/managed-by": "swiftlet"]
            $0.addressType = "IPv4"
            $0.endpoints = endpoints
            $0.ports = [("dns", "UDP"), ("dns-tcp", "TCP")].map { name, transport in
                DiscoveryV1EndpointPort {
                    $0.name = name
                    $0.protocol = transport
                    $0.port = 53
                }
            }
        }
    }
}

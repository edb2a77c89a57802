internal import ClusterDNS
internal import ContainerRuntime
internal import Kubelet
internal import KubernetesClient
internal import PodNetwork
internal import ServiceProxy

/// Services and names of the cluster on this node: the service proxy and, beside the control plane, the cluster's DNS server.
final class ClusterNetwork: Sendable {
    private let proxy: ServiceProxy
    private let dns: ClusterDNS?

    /// - Parameters:
    ///   - dns: Answers on the bridge's addresses; nil: somebody else does.
    ///   - proxy: Leads packets for services on this node.
    private init(proxy: ServiceProxy, dns: ClusterDNS?) { (self.proxy, self.dns) = (proxy, dns) }

    /// - Parameters:
    ///   - client: May list and watch services, endpointslices and the node.
    ///   - informers: For names; nil: no DNS server is started here.
    /// - Returns: nil when pods of this runtime have no network.
    static func start(
        _ runtime: NativeRuntime, nodeName: String, serviceCIDR: String, client: Client, namesFrom informers: SharedInformers?
    ) async throws -> ClusterNetwork? {
        guard let side = runtime.serviceSide else { return nil }
        let configuration = ServiceProxyConfiguration(
            nodeName: nodeName, table: side.table, bridge: side.bridge, podCIDRs: side.podCIDRs.compactMap { IPNetwork($0) },
            serviceCIDRs: [serviceCIDR].compactMap { IPNetwork($0) })
        let proxy = try ServiceProxy(configuration, client: client) { Output.warn("swiftlet: \($0)") }
        try await proxy.prepare()
        try runtime.routeServices([serviceCIDR]).forEach { Output.warn("swiftlet: \($0)") }
        guard let informers else { return ClusterNetwork(proxy: proxy, dns: nil) }
        var names = ClusterDNS.Configuration(addresses: side.gateways)
        names.serviceCIDRs = [serviceCIDR]
        names.upstreams = ResolvConf(parsing: Machine.text(of: "/etc/resolv.conf")).nameservers
        return ClusterNetwork(proxy: proxy, dns: try await ClusterDNS.start(names, informers: informers))
    }

    /// Works until the task is cancelled; the rules stay.
    func run() async {
        await proxy.run()
        await dns?.stop()
    }
}

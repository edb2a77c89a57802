internal import ClusterDNS
internal import ContainerRuntime
internal import Kubelet
internal import KubernetesClient
internal import NetworkPolicies
internal import PodNetwork
internal import ServiceProxy

/// Services, policies and names of the cluster on this node: the service proxy, network policies and, beside the control plane, the cluster's
/// DNS server.
final class ClusterNetwork: Sendable {
    private let proxy: ServiceProxy
    private let policies: NetworkPolicies?
    private let dns: ClusterDNS?

    /// - Parameters:
    ///   - proxy: Leads packets for services on this node.
    ///   - policies: nil: somebody else keeps pods to them, or nobody.
    ///   - dns: Answers on the bridge's addresses; nil: somebody else does.
    private init(proxy: ServiceProxy, policies: NetworkPolicies?, dns: ClusterDNS?) {
        (self.proxy, self.policies, self.dns) = (proxy, policies, dns)
    }

    struct Settings: Sendable {
        var nodeName: String
        var serviceCIDR: String
        /// Whether the cluster's names are answered here.
        var answersNames: Bool
        var policies: PolicyEnforcement
    }

    /// - Parameters:
    ///   - client: May list and watch services, endpointslices and the node.
    ///   - informers: For names and policies.
    /// - Returns: nil when pods of this runtime have no network.
    static func start(
        _ runtime: NativeRuntime, _ settings: Settings, client: Client, informers: SharedInformers
    ) async throws -> ClusterNetwork? {
        guard let side = runtime.serviceSide else { return nil }
        let serviceCIDR = settings.serviceCIDR
        let configuration = ServiceProxyConfiguration(
            nodeName: settings.nodeName, table: side.table, bridge: side.bridge, podCIDRs: side.podCIDRs.compactMap { IPNetwork($0) },
            serviceCIDRs: [serviceCIDR].compactMap { IPNetwork($0) })
        let proxy = try ServiceProxy(configuration, client: client) { Output.warn("swiftlet: \($0)") }
        try await proxy.prepare()
        try runtime.routeServices([serviceCIDR]).forEach { Output.warn("swiftlet: \($0)") }
        let policies = try await settings.policies.start(runtime, side, settings, informers)
        guard settings.answersNames else { return ClusterNetwork(proxy: proxy, policies: policies, dns: nil) }
        var names = ClusterDNS.Configuration(addresses: side.gateways)
        names.serviceCIDRs = [serviceCIDR]
        names.upstreams = ResolvConf(parsing: Machine.text(of: "/etc/resolv.conf")).nameservers
        return ClusterNetwork(proxy: proxy, policies: policies, dns: try await ClusterDNS.start(names, informers: informers))
    }

    /// Works until the task is cancelled; the rules stay.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.proxy.run() }
            if let policies { group.addTask { await policies.run() } }
        }
        await dns?.stop()
    }
}

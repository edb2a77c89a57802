internal import ClusterDNS
internal import ContainerRuntime
internal import ControlPlane
internal import Kubelet
internal import KubernetesClient
internal import Netlink
internal import NetworkPolicies
internal import NodeRoutes
internal import PodNetwork
internal import ServiceProxy

/// Services, policies, names and other nodes of the cluster on this node: the service proxy, network policies, routes and the cluster's DNS
/// server.
final class ClusterNetwork: Sendable {
    private let proxy: ServiceProxy
    private let policies: NetworkPolicies?
    private let dns: ClusterDNS?
    private let routes: NodeRoutes?

    /// - Parameters:
    ///   - proxy: Leads packets for services on this node.
    ///   - policies: nil: somebody else keeps pods to them, or nobody.
    ///   - dns: Answers on the bridge's addresses; nil: somebody else does.
    ///   - routes: Leads to pods of other nodes.
    private init(proxy: ServiceProxy, policies: NetworkPolicies?, dns: ClusterDNS?, routes: NodeRoutes?) {
        (self.proxy, self.policies, self.dns, self.routes) = (proxy, policies, dns, routes)
    }

    struct Settings: Sendable {
        var nodeName: String
        /// Of the whole cluster.
        var network: ClusterNetworkFacts
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
        let serviceCIDR = settings.network.serviceCIDR
        let configuration = ServiceProxyConfiguration(
            nodeName: settings.nodeName, table: side.table, bridge: side.bridge,
            podCIDRs: podNetworks(side.podCIDRs, settings.network.clusterCIDRs).compactMap { IPNetwork($0) },
            serviceCIDRs: [serviceCIDR].compactMap { IPNetwork($0) })
        let proxy = try ServiceProxy(configuration, client: client) { Output.warn("swiftlet: \($0)") }
        try await proxy.prepare()
        try runtime.routeServices([serviceCIDR]).forEach { Output.warn("swiftlet: \($0)") }
        let policies = try await settings.policies.start(runtime, side, settings, informers)
        let routes = try runtime.routeSide.map { try nodeRoutes($0, settings, informers) }
        guard settings.answersNames else { return ClusterNetwork(proxy: proxy, policies: policies, dns: nil, routes: routes) }
        var names = ClusterDNS.Configuration(addresses: side.gateways)
        names.serviceCIDRs = [serviceCIDR]
        names.upstreams = ResolvConf(parsing: Machine.text(of: "/etc/resolv.conf")).nameservers
        return ClusterNetwork(
            proxy: proxy, policies: policies, dns: try await ClusterDNS.start(names, informers: informers), routes: routes)
    }

    /// The cluster's networks, and the node's where it is in none of these.
    private static func podNetworks(_ own: [String], _ cluster: [String]) -> [String] {
        let networks = cluster.compactMap { IPPrefix($0) }
        return cluster + own.filter { text in IPPrefix(text).map { own in !networks.contains { $0.contains(own) } } ?? false }
    }

    private static func nodeRoutes(_ side: RouteSide, _ settings: Settings, _ informers: SharedInformers) throws -> NodeRoutes {
        var configuration = NodeRoutesConfiguration(
            nodeName: settings.nodeName, podCIDRs: side.podCIDRs, bridge: side.bridge, gateways: side.gateways, tunnel: side.tunnel,
            routeOrigin: side.routeOrigin, routeMetric: side.routeMetric)
        configuration.routing = PodRouting(rawValue: settings.network.routing) ?? .auto
        configuration.vxlanIdentifier = settings.network.vxlanIdentifier
        configuration.vxlanPort = settings.network.vxlanPort
        return try NodeRoutes(configuration, informers: informers) { Output.warn("swiftlet: \($0)") }
    }

    /// Works until the task is cancelled; the rules stay.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.proxy.run() }
            if let routes { group.addTask { await routes.run() } }
            if let policies { group.addTask { await policies.run() } }
        }
        await dns?.stop()
    }
}

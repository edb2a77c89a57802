package import KubernetesAPI
package import KubernetesClient
internal import NetworkPolicies
internal import ServiceProxy

/// What decides about packets in a cluster, as the API server has it.
package struct ClusterObjects: Sendable {
    package var services: [Service] = []
    package var slices: [EndpointSlice] = []
    package var pods: [Pod] = []
    package var namespaces: [Namespace] = []
    package var policies: [NetworkPolicy] = []
    package var nodes: [Node] = []
    /// Networks of services' addresses.
    package var serviceCIDRs: [String] = []

    package init() {}

    package static func read(_ client: Client) async throws(ClientError) -> ClusterObjects {
        var objects = ClusterObjects()
        objects.services = try await client.resource(Service.self).listAll().items
        objects.slices = try await client.resource(EndpointSlice.self).listAll().items
        objects.pods = try await client.resource(Pod.self).listAll().items
        objects.namespaces = try await client.resource(Namespace.self).listAll().items
        objects.policies = try await client.resource(NetworkPolicy.self).listAll().items
        objects.nodes = try await client.resource(Node.self).listAll().items
        objects.serviceCIDRs = try await client.resource(ServiceCIDR.self).listAll().items.flatMap(\.spec.cidrs)
        return objects
    }
}

extension ClusterObjects {
    /// Pods that have addresses of their own; those with their node's are the node.
    var ownPods: [Pod] {
        pods.filter { $0.spec.hostNetwork != true && $0.status.phase != "Succeeded" && $0.status.phase != "Failed" }
    }

    func pod(at address: String) -> Pod? { ownPods.first { $0.addresses.contains(address) } }

    func node(named name: String) -> Node? { nodes.first { $0.metadata.name == name } }

    /// Servers in nodes' own processes: their endpoints are no pods.
    private func serverAddresses(of service: ObjectKey) -> [String] {
        slices.filter { $0.metadata.namespace == service.namespace && $0.metadata.labels["kubernetes.io/service-name"] == service.name }
            .flatMap(\.endpoints).filter { $0.targetRef == nil }.flatMap(\.addresses)
    }

    /// The cluster's DNS server, where it is a part of the node.
    var dnsServers: [String] { serverAddresses(of: ObjectKey(namespace: "kube-system", name: "kube-dns")) }

    /// Addresses of a node, also those that its pods know it by.
    func addresses(of node: Node) -> [String] {
        let own = node.status.addresses.filter { $0.type != "Hostname" }.map(\.address)
        // Its gateway is nowhere in its status; the servers on it are endpoints.
        let servers = dnsServers + serverAddresses(of: ObjectKey(namespace: "default", name: "kubernetes"))
        return own + (nodes.count == 1 ? servers.filter { pod(at: $0) == nil && !own.contains($0) } : [])
    }

    func node(at address: String) -> Node? { nodes.first { addresses(of: $0).contains(address) } }

    func policyTrace() -> PolicyTrace {
        let servers = dnsServers.isEmpty ? [] : [NodeServer.clusterDNS(addresses: dnsServers)]
        return PolicyTrace(pods: ownPods, namespaces: namespaces, policies: policies, servers: servers)
    }

    /// - Parameter node: The one that translates.
    func serviceTrace(on node: Node?) -> ServiceTrace {
        let configuration = ServiceProxyConfiguration(
            nodeName: node?.metadata.name ?? "", table: "trace", bridge: "trace", podCIDRs: [],
            serviceCIDRs: serviceCIDRs.compactMap { IPNetwork($0) })
        return ServiceTrace(
            services: services, slices: slices, configuration, zone: node?.metadata.labels["topology.kubernetes.io/zone"],
            nodeAddresses: node.map(addresses) ?? [])
    }
}

extension Pod {
    package var addresses: [String] { status.podIPs.isEmpty ? [status.podIP].compactMap(\.self) : status.podIPs.compactMap(\.ip) }
}

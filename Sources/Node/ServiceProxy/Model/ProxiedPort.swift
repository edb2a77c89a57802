internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// One port of a service in one address family, as the rules need it.
struct ProxiedPort: Hashable, Sendable {
    var name: ServicePortName
    var transport: TransportProtocol
    var isIPv4: Bool
    var port: UInt16
    var clusterIP: String
    /// Addresses that lead here from outside: external IPs and those of load balancers.
    var outsideIPs: [String] = []
    /// Of ``outsideIPs``, those of load balancers.
    var balancerIPs: [String] = []
    /// Of ``outsideIPs``, those that a source range guards.
    var guardedIPs: [String] = []
    var sourceRanges: [IPNetwork] = []
    var nodePort: UInt16?
    /// Seconds for which a client stays with its endpoint; nil: each connection goes anywhere.
    var affinitySeconds: Int32?
    var isInternalLocal = false
    var isExternalLocal = false
    var endpoints: EndpointChoice

    /// Short, fixed for the life of the service port: names of chains and sets are made of it.
    var id: String {
        let text = "\(name) \(transport.rawValue) \(isIPv4 ? 4 : 6)"
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }
}

extension ProxiedPort {
    /// The ports of a service that this proxy is responsible for. Headless services, external names and services of other proxies have none.
    ///
    /// - Parameters:
    ///   - slices: Those of the service.
    ///   - zone: This node's.
    static func all(of service: Service, _ slices: [EndpointSlice], nodeName: String, zone: String?) -> [ProxiedPort] {
        guard service.spec.type != "ExternalName", service.metadata.labels["service.kubernetes.io/service-proxy-name"] == nil else {
            return []
        }
        let own = service.spec.clusterIPs.isEmpty ? [service.spec.clusterIP ?? ""] : service.spec.clusterIPs
        let addresses = own.compactMap { IPAddress($0) }
        return addresses.flatMap { address in
            service.spec.ports.compactMap { port in Self(service, port, address, slices, nodeName: nodeName, zone: zone) }
        }
    }

    private init?(
        _ service: Service, _ port: ServicePort, _ clusterIP: IPAddress, _ slices: [EndpointSlice], nodeName: String, zone: String?
    ) {
        guard let number = UInt16(exactly: port.port), let transport = TransportProtocol(kubernetes: port.protocol) else { return nil }
        let spec = service.spec
        let isIPv4 = clusterIP.isIPv4
        func ofFamily(_ texts: [String]) -> [String] {
            texts.compactMap { IPAddress($0) }.filter { $0.isIPv4 == isIPv4 }.map(\.description)
        }
        // One that is reached by an own device keeps its address for that device (KEP-1860).
        let balancers = service.status.loadBalancer.ingress.filter { $0.ipMode != "Proxy" }.compactMap(\.ip)
        let isBalanced = spec.type == "LoadBalancer"
        name = ServicePortName(service: ObjectKey(service), port: port.name ?? "")
        self.transport = transport
        self.isIPv4 = isIPv4
        self.port = number
        self.clusterIP = clusterIP.description
        outsideIPs = Set(ofFamily(spec.externalIPs) + (isBalanced ? ofFamily(balancers) : [])).sorted()
        balancerIPs = isBalanced ? Set(ofFamily(balancers)).sorted() : []
        sourceRanges = isBalanced ? spec.loadBalancerSourceRanges.compactMap { IPNetwork($0) }.filter { $0.isIPv4 == isIPv4 } : []
        guardedIPs = spec.loadBalancerSourceRanges.isEmpty ? [] : balancerIPs
        nodePort =
            spec.type == "NodePort" || isBalanced ? port.nodePort.flatMap { UInt16(exactly: $0) }.flatMap { $0 == 0 ? nil : $0 } : nil
        if spec.sessionAffinity == "ClientIP" { affinitySeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 }
        isInternalLocal = spec.internalTrafficPolicy == "Local"
        isExternalLocal = spec.externalTrafficPolicy == "Local"
        let found = CandidateEndpoint.find(in: slices, port: port.name ?? "", isIPv4: isIPv4, nodeName: nodeName)
        endpoints = EndpointChoice(found, nodeName: nodeName, zone: zone)
    }
}

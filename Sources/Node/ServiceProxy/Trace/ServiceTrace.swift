internal import APIMachinery
package import KubernetesAPI
package import KubernetesClient
internal import Nftables

/// Says what a node's service proxy does with a packet, from the very map elements that it puts into the kernel. Pure.
package struct ServiceTrace: Sendable {
    private let configuration: ServiceProxyConfiguration
    private let nodeAddresses: Set<String>
    /// What is in the table, whoever brings it.
    private var table = RuleState<ObjectKey>()
    private var portsByID: [String: ProxiedPort] = [:]
    private var portsByService: [ObjectKey: [ProxiedPort]] = [:]

    /// - Parameters:
    ///   - configuration: Of the node that translates.
    ///   - zone: Its zone, if it is known.
    ///   - nodeAddresses: Its own: node ports are reached there.
    package init(
        services: [Service], slices: [EndpointSlice], _ configuration: ServiceProxyConfiguration, zone: String?, nodeAddresses: [String]
    ) {
        self.configuration = configuration
        self.nodeAddresses = Set(nodeAddresses)
        let slicesOfServices = Dictionary(grouping: slices) {
            ObjectKey(namespace: $0.metadata.namespace ?? "", name: $0.metadata.labels["kubernetes.io/service-name"] ?? "")
        }
        for service in services {
            let key = ObjectKey(service)
            let slices = (slicesOfServices[key] ?? []).filter { $0.metadata.labels["service.kubernetes.io/headless"] == nil }
            portsByService[key] = ProxiedPort.all(of: service, slices, nodeName: configuration.nodeName, zone: zone)
        }
        let fragments = portsByService.mapValues { ports in
            ports.reduce(into: RuleFragment()) { $0.add(PortRules(port: $1, podCIDRs: configuration.podCIDRs).fragment) }
        }
        _ = table.change(fragments.mapValues(Optional.some), table: "trace")
        for port in portsByService.values.joined() { portsByID[port.id] = port }
    }

    /// The same order as the chains' of ``BaseRules``: source ranges, services' addresses, node ports, then what is left without an endpoint.
    package func decide(_ packet: ServicePacket) -> ServiceDecision {
        if packet.source != .node, let port = lookup("guarded", packet), !isInRanges(packet, port) {
            return .dropped("\(packet.sourceAddress) is not in the spec.loadBalancerSourceRanges of service \(port.name)")
        }
        if let way = entered(packet) { return .translated(way) }
        if let (port, verdict) = refusal(packet) {
            return verdict == "drop" ? .dropped(reason(port, packet)) : .refused(reason(port, packet))
        }
        if isServiceAddress(packet.destination) {
            return .refused("no service has \(packet.destination):\(packet.port)/\(packet.transport.uppercased())")
        }
        return .passes
    }

    /// The ways into a service, with what each leads to for a packet from outside the node.
    package func ways(into service: ObjectKey) -> [(address: String?, port: UInt16, transport: String, decision: ServiceDecision)] {
        (portsByService[service] ?? []).flatMap { port in
            let addresses = ([port.clusterIP] + port.outsideIPs).map { (Optional($0), port.port) }
            return (addresses + (port.nodePort.map { [(nil, $0)] } ?? [])).map { address, number in
                let isInside = address == port.clusterIP
                let destination = address ?? nodeAddresses.sorted().first ?? ""
                let packet = ServicePacket(
                    from: isInside ? .pod : .outside, "", to: destination, port: number, transport: port.transport.rawValue)
                return (address, number, port.transport.rawValue, address == nil && destination.isEmpty ? .passes : open(packet))
            }
        }
    }

    /// Without source ranges, which depend on who asks.
    private func open(_ packet: ServicePacket) -> ServiceDecision {
        var packet = packet
        if let port = lookup("guarded", packet) { packet.sourceAddress = port.sourceRanges.first?.first ?? "" }
        return decide(packet)
    }
}

// MARK: - The maps

extension ServiceTrace {
    private func element(_ map: String, _ packet: ServicePacket) -> (port: ProxiedPort, verdict: String)? {
        let version = packet.destination.contains(":") ? 6 : 4
        let key = "\(packet.transport) . \(packet.port)"
        let ofAddress = RuleFragment.Element(collection: "\(map)\(version)", key: "\(packet.destination) . \(key)")
        let ofNode = RuleFragment.Element(collection: "\(map == "services" ? "nodeports" : "refusedports")\(version)", key: key)
        let isNode = map != "guarded" && isNodeAddress(packet)
        let found = [ofAddress] + (isNode ? [ofNode] : [])
        for element in found {
            guard let (owner, verdict) = table.winner(element) else { continue }
            // A refusal names nobody: the port of its owner that brings it.
            let port =
                verdict.hasPrefix("goto ") && !verdict.hasSuffix(" rejecting")
                ? portsByID[verdict.split(separator: "-").last.map(String.init) ?? ""]
                : portsByService[owner]?.first { brings($0, element) }
            if let port { return (port, verdict) }
        }
        return nil
    }

    private func brings(_ port: ProxiedPort, _ element: RuleFragment.Element) -> Bool {
        PortRules(port: port, podCIDRs: configuration.podCIDRs).fragment.elements[element] != nil
    }

    private func lookup(_ map: String, _ packet: ServicePacket) -> ProxiedPort? { element(map, packet)?.port }

    private func isNodeAddress(_ packet: ServicePacket) -> Bool {
        nodeAddresses.contains(packet.destination) || (packet.source == .node && packet.destination.hasPrefix("127."))
    }

    private func isServiceAddress(_ address: String) -> Bool {
        guard let address = IPAddress(address) else { return false }
        return configuration.serviceCIDRs.contains { $0.contains(address) }
    }

    private func isInRanges(_ packet: ServicePacket, _ port: ProxiedPort) -> Bool {
        guard let address = IPAddress(packet.sourceAddress) else { return false }
        return port.sourceRanges.contains { $0.contains(address) }
    }
}

// MARK: - What the chains do

extension ServiceTrace {
    private func entered(_ packet: ServicePacket) -> ServiceWay? {
        guard let (port, verdict) = element("services", packet) else { return nil }
        let chain = String(verdict.dropFirst("goto ".count))
        let isOutside = chain.hasPrefix("out-")
        var way = ServiceWay(
            service: port.name.service, port: port.name.port, entry: entry(packet, port), chain: chain, targets: [],
            isMasqueraded: packet.source != .pod && isServiceAddress(packet.destination), affinitySeconds: port.affinitySeconds)
        // As `PortRules.keepingNear`: pods and the node itself are served by any endpoint, whatever the external policy.
        let usesNear = isOutside ? port.isExternalLocal && packet.source == .outside : chain.hasPrefix("near-")
        if isOutside { way.isMasqueraded = !port.isExternalLocal || packet.source == .node }
        let backends = usesNear ? port.endpoints.local : port.endpoints.cluster
        guard !backends.isEmpty else { return nil }
        way.targets = backends.map { .init(address: $0.address, port: $0.port) }
        return way
    }

    private func entry(_ packet: ServicePacket, _ port: ProxiedPort) -> String {
        if packet.destination == port.clusterIP { return "cluster IP" }
        if !port.outsideIPs.contains(packet.destination) || packet.port != port.port { return "node port" }
        return port.balancerIPs.contains(packet.destination) ? "load balancer" : "external IP"
    }

    private func refusal(_ packet: ServicePacket) -> (ProxiedPort, String)? { element("refused", packet) }

    private func reason(_ port: ProxiedPort, _ packet: ServicePacket) -> String {
        guard port.endpoints.isAnywhere else { return "service \(port.name) has no endpoint that is ready" }
        let policy = packet.destination == port.clusterIP ? "internalTrafficPolicy" : "externalTrafficPolicy"
        return "service \(port.name) has no endpoint on node \(configuration.nodeName), and its \(policy) is Local"
    }
}

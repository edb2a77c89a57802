internal import Netlink

/// What the kernel is to have so that this node's packets find other nodes' pods. Pure.
struct RoutePlan: Hashable, Sendable {
    var routes: [Route] = []
    /// nil: no node needs it.
    var tunnel: TunnelPlan?
    /// Pods that will not be reached, and why, a line each.
    var problems: [String] = []
}

/// The tunnel's link and what is known of those at its other ends.
struct TunnelPlan: Hashable, Sendable {
    struct Neighbour: Hashable, Sendable {
        var address: IPAddress
        var linkAddress: MACAddress
    }
    var settings: VXLANSettings
    var linkAddress: MACAddress
    var mtu: UInt32
    var neighbours: [Neighbour] = []
    var forwarding: [ForwardingEntry] = []

    /// What Ethernet, IP, UDP and VXLAN headers take of each packet: 14 + 20 + 8 + 8 bytes, 20 more with IPv6.
    static func overhead(_ family: IPAddress.Family) -> UInt32 { family == .v4 ? 50 : 70 }
}

extension RoutePlan {
    /// - Parameters:
    ///   - nodes: All of the cluster, this one too once it has registered.
    init(_ configuration: NodeRoutesConfiguration, _ nodes: [PeerNode], _ underlay: Underlay) {
        var planner = Planner(configuration: configuration, underlay: underlay, own: nodes.first { $0.name == configuration.nodeName })
        // In the order of names, so that every node takes the same one for the owner of a network that two claim.
        for node in nodes.sorted(by: { $0.name < $1.name }) where node.name != configuration.nodeName { planner.add(node) }
        self = planner.plan
    }
}

private struct Planner {
    let configuration: NodeRoutesConfiguration
    let underlay: Underlay
    let own: PeerNode?
    var plan = RoutePlan()
    private var claimed: [(network: IPPrefix, owner: String)] = []

    init(configuration: NodeRoutesConfiguration, underlay: Underlay, own: PeerNode?) {
        (self.configuration, self.underlay, self.own) = (configuration, underlay, own)
        claimed = configuration.podCIDRs.map { ($0, configuration.nodeName) }
    }

    mutating func add(_ node: PeerNode) {
        for network in node.podCIDRs {
            if let other = claimed.first(where: { $0.network.overlaps(network) }) {
                plan.problems.append("pods of node \(node.name): \(network) overlaps \(other.network) of node \(other.owner)")
                continue
            }
            claimed.append((network, node.name))
            addWay(to: network, of: node)
        }
    }

    private mutating func addWay(to network: IPPrefix, of node: PeerNode) {
        if configuration.routing != .vxlan, let address = node.address(network.family), let link = underlay.attachment(near: address) {
            plan.routes.append(route(to: network, via: address, link.linkIndex))
        } else if configuration.routing == .routes {
            let address = node.address(network.family).map(\.description) ?? "unknown"
            plan.problems.append(
                "pods of node \(node.name): \(network): its address \(address) is on no link of this node, and tunnels are switched off")
        } else {
            addTunnel(to: network, of: node)
        }
    }

    /// Who is at the other end follows from the node's object alone: its MAC address is made from the first address of its pods.
    private mutating func addTunnel(to network: IPPrefix, of node: PeerNode) {
        guard let own, let local = own.addresses.first(where: { underlay.attachment(with: $0) != nil }),
            let link = underlay.attachment(with: local), let ownMAC = Self.linkAddress(configuration.podCIDRs)
        else { return plan.problems.append("pods of node \(node.name): \(network): the address of this node is not known yet") }
        guard let remote = node.address(local.family), let remoteMAC = Self.linkAddress(node.podCIDRs),
            let gateway = network.host(1)?.address
        else { return plan.problems.append("pods of node \(node.name): \(network): the node has no address like \(local)") }
        var tunnel =
            plan.tunnel
            ?? TunnelPlan(
                settings: VXLANSettings(
                    identifier: configuration.vxlanIdentifier, port: configuration.vxlanPort, local: local, linkIndex: link.linkIndex),
                linkAddress: ownMAC, mtu: link.mtu - TunnelPlan.overhead(local.family))
        tunnel.neighbours.append(.init(address: gateway, linkAddress: remoteMAC))
        let entry = ForwardingEntry(linkAddress: remoteMAC, destination: remote)
        if !tunnel.forwarding.contains(entry) { tunnel.forwarding.append(entry) }
        plan.tunnel = tunnel
        // The link's index is filled in when it is there.
        var route = route(to: network, via: gateway, 0)
        route.isGatewayOnLink = true
        route.source = configuration.gateways.first { $0.family == network.family }
        plan.routes.append(route)
    }

    private func route(to network: IPPrefix, via gateway: IPAddress, _ link: UInt32) -> Route {
        var route = Route(to: network, via: gateway, linkIndex: link, metric: configuration.routeMetric)
        route.origin = configuration.routeOrigin
        return route
    }

    private static func linkAddress(_ networks: [IPPrefix]) -> MACAddress? { networks.first.map { MACAddress(for: $0.network.address) } }
}

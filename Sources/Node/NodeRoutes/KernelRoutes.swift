internal import LinuxSystem
internal import Netlink

/// Makes the kernel's routes, tunnel and neighbours as a plan has them. Blocks.
struct KernelRoutes: Sendable {
    let configuration: NodeRoutesConfiguration

    func apply(_ plan: RoutePlan, _ socket: inout NetlinkSocket) throws(NetlinkError) {
        let tunnel = try tunnelLink(plan.tunnel, &socket)
        if let tunnel, let wanted = plan.tunnel { try socket.perform(try tunnelRequests(wanted, tunnel, &socket)) }
        let wanted = plan.routes.map { route in
            var route = route
            if route.linkIndex == 0 { route.linkIndex = tunnel }
            return route
        }
        var present: [Route] = []
        for family in [IPAddress.Family.v4, .v6] { present += try socket.routes(family).filter(isOwn) }
        for request in Self.requests(wanted: wanted, present: present) { try perform(request, &socket) }
        if plan.tunnel == nil { try removeTunnel(&socket) }
    }

    /// New ways first: one that changes is replaced in place.
    static func requests(wanted: [Route], present: [Route]) -> [NetlinkRequest] {
        let destinations = Set(wanted.map(\.destination))
        let (old, new) = (Set(present), Set(wanted))
        return wanted.filter { !old.contains($0) }.map { .setRoute($0) }
            + present.filter { !new.contains($0) && !destinations.contains($0.destination) }.map { .deleteRoute($0) }
    }

    private func perform(_ request: NetlinkRequest, _ socket: inout NetlinkSocket) throws(NetlinkError) {
        // A route that went with its link meanwhile is gone as it should be.
        _ = try socket.perform(request, tolerating: .noSuchProcess)
    }

    private func isOwn(_ route: Route) -> Bool {
        route.origin == configuration.routeOrigin && route.metric == configuration.routeMetric
    }

    // MARK: tunnel

    /// - Returns: The link's index; nil when none is wanted.
    private func tunnelLink(_ wanted: TunnelPlan?, _ socket: inout NetlinkSocket) throws(NetlinkError) -> UInt32? {
        guard let wanted else { return nil }
        if let link = try socket.link(.name(configuration.tunnel)) {
            if link.vxlan == wanted.settings, link.address == wanted.linkAddress, link.isUp {
                if link.mtu != wanted.mtu { try socket.perform([.setLink(.index(link.index), LinkSettings(mtu: wanted.mtu))]) }
                return link.index
            }
            try socket.perform([.deleteLink(.index(link.index))])
        }
        let settings = LinkSettings(name: configuration.tunnel, mtu: wanted.mtu, address: wanted.linkAddress)
        let name = LinkReference.name(configuration.tunnel)
        try socket.perform([.addVXLAN(settings, wanted.settings)])
        try socket.perform([.withoutLinkLocalAddress(name), .setLink(name, LinkSettings(isUp: true))])
        return try socket.link(name)?.index
    }

    private func removeTunnel(_ socket: inout NetlinkSocket) throws(NetlinkError) {
        guard let link = try socket.link(.name(configuration.tunnel)), link.kind == "vxlan" else { return }
        _ = try socket.perform(.deleteLink(.index(link.index)), tolerating: .noDevice)
    }

    private func tunnelRequests(
        _ wanted: TunnelPlan, _ index: UInt32, _ socket: inout NetlinkSocket
    ) throws(NetlinkError) -> [NetlinkRequest] {
        var neighbours: [Neighbour] = []
        for family in [IPAddress.Family.v4, .v6] {
            neighbours += try socket.neighbours(family).filter { $0.linkIndex == index && $0.isPermanent }
        }
        return Self.requests(wanted, index, neighbours: neighbours, forwarding: try socket.forwarding(linkIndex: index))
    }

    static func requests(
        _ wanted: TunnelPlan, _ index: UInt32, neighbours: [Neighbour], forwarding: [ForwardingEntry]
    ) -> [NetlinkRequest] {
        let known = Set(
            neighbours.compactMap { entry in
                entry.linkAddress.map { TunnelPlan.Neighbour(address: entry.address, linkAddress: $0) }
            })
        let addresses = Set(wanted.neighbours.map(\.address))
        let linkAddresses = Set(wanted.forwarding.map(\.linkAddress))
        return wanted.forwarding.filter { !forwarding.contains($0) }.map { .setForwarding($0, onLink: index) }
            + wanted.neighbours.filter { !known.contains($0) }.map { .setNeighbour($0.address, $0.linkAddress, onLink: index) }
            + neighbours.filter { !addresses.contains($0.address) }.map { .deleteNeighbour($0.address, onLink: index) }
            + forwarding.filter { !linkAddresses.contains($0.linkAddress) }.map { .deleteForwarding($0, onLink: index) }
    }
}

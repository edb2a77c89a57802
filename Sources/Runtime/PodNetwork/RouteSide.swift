internal import LinuxSystem
package import Netlink

/// What leads this node's packets to pods of other nodes needs of the pod network.
package struct RouteSide: Hashable, Sendable {
    /// The link that this node's pods are behind.
    package var bridge: String
    package var podCIDRs: [IPPrefix]
    /// The bridge's addresses, one of each family: what the node itself comes from when it goes through the tunnel.
    package var gateways: [IPAddress]
    /// The name of the link for nodes elsewhere.
    package var tunnel: String
    /// ``PodNetwork/tearDown()`` removes routes with this origin and this metric, and nobody else's.
    package var routeOrigin: UInt8
    package var routeMetric: UInt32
}

extension PodNetwork {
    /// RTPROT_*: free in iproute2's rt_protos; 83 is an S.
    package static let routeOrigin: UInt8 = 83

    package var routeSide: RouteSide {
        RouteSide(
            bridge: names.bridge, podCIDRs: plan.networks, gateways: plan.gateways.map(\.address), tunnel: names.tunnel,
            routeOrigin: Self.routeOrigin, routeMetric: names.routeMetric)
    }

    func isOwn(_ route: Route) -> Bool { route.origin == Self.routeOrigin && route.metric == names.routeMetric }

    /// Takes away the ways to other nodes' pods.
    ///
    /// - Returns: What was removed, a line each.
    func removeRoutes() throws -> [String] {
        var socket = try NetlinkSocket()
        var lines: [String] = []
        for family in [IPAddress.Family.v4, .v6] {
            for route in try socket.routes(family).filter(isOwn) {
                if try socket.perform(.deleteRoute(route), tolerating: .noSuchProcess) { lines.append("route \(route)") }
            }
        }
        guard let tunnel = try socket.link(.name(names.tunnel)), tunnel.kind == "vxlan" else { return lines }
        if try socket.perform(.deleteLink(.index(tunnel.index)), tolerating: .noDevice) { lines.append("link \(tunnel.name)") }
        return lines
    }
}

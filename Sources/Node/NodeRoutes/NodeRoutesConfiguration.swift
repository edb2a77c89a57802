package import Netlink

/// How packets get to pods of other nodes.
package enum PodRouting: String, Sendable, CaseIterable {
    /// By routes to nodes on the same link, through a tunnel to all others.
    case auto
    /// By routes; nodes behind a router are named as unreachable.
    case routes
    /// Through a VXLAN tunnel (RFC 7348) always.
    case vxlan
}

/// What the ways to other nodes' pods are made from.
package struct NodeRoutesConfiguration: Sendable {
    /// This node.
    package var nodeName: String
    package var podCIDRs: [IPPrefix]
    /// The link that this node's pods are behind: no other node is reached through it.
    package var bridge: String
    /// Of this node in its own pod networks: what it comes from itself when it goes through the tunnel.
    package var gateways: [IPAddress]
    /// The tunnel's link.
    package var tunnel: String
    /// Own routes have this origin and this metric; no other is ever touched.
    package var routeOrigin: UInt8
    package var routeMetric: UInt32
    package var routing = PodRouting.auto
    /// The same on all nodes of a cluster.
    package var vxlanIdentifier: UInt32 = 1
    package var vxlanPort: UInt16 = 4789

    package init(
        nodeName: String, podCIDRs: [IPPrefix], bridge: String, gateways: [IPAddress], tunnel: String, routeOrigin: UInt8,
        routeMetric: UInt32
    ) {
        (self.nodeName, self.podCIDRs, self.bridge, self.gateways) = (nodeName, podCIDRs, bridge, gateways)
        (self.tunnel, self.routeOrigin, self.routeMetric) = (tunnel, routeOrigin, routeMetric)
    }
}

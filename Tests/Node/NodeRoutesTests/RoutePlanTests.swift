import Netlink
import Testing

@testable import NodeRoutes

struct RoutePlanTests {
    private static func prefix(_ text: String) -> IPPrefix { IPPrefix(text)! }
    private static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    private static let underlay = Underlay(attachments: [
        .init(linkIndex: 3, mtu: 1500, prefix: prefix("192.0.2.1/24")), .init(linkIndex: 4, mtu: 9000, prefix: prefix("198.51.100.1/28")),
    ])

    private static func node(_ name: String, _ pods: String?, _ addresses: String...) -> PeerNode {
        PeerNode(name: name, podCIDRs: pods.map { [prefix($0)] } ?? [], addresses: addresses.map(address))
    }

    private static let own = node("a", "10.74.0.0/24", "192.0.2.1")

    private static func plan(_ others: [PeerNode], _ routing: PodRouting = .auto, own: PeerNode? = own) -> RoutePlan {
        var configuration = NodeRoutesConfiguration(
            nodeName: "a", podCIDRs: [prefix("10.74.0.0/24")], bridge: "swl-1", gateways: [address("10.74.0.1")], tunnel: "swx-1",
            routeOrigin: 83, routeMetric: 7)
        configuration.routing = routing
        return RoutePlan(configuration, others + [own].compactMap { $0 }, underlay)
    }

    /// A route as `10.74.1.0/24 via 192.0.2.2 link 3`.
    @Test(arguments: [
        (node("b", "10.74.1.0/24", "192.0.2.2"), PodRouting.auto, ["10.74.1.0/24 via 192.0.2.2 link 3"], false),
        (node("b", "10.74.1.0/24", "198.51.100.2"), .auto, ["10.74.1.0/24 via 198.51.100.2 link 4"], false),
        (node("b", "10.74.1.0/24", "203.0.113.2"), .auto, ["10.74.1.0/24 via 10.74.1.1 link 0"], true),
        (node("b", "10.74.1.0/24", "192.0.2.2"), .vxlan, ["10.74.1.0/24 via 10.74.1.1 link 0"], true),
        (node("b", "10.74.1.0/24", "192.0.2.2"), .routes, ["10.74.1.0/24 via 192.0.2.2 link 3"], false),
        (node("b", "10.74.1.0/24", "203.0.113.2"), .routes, [], false),
        (node("b", nil, "192.0.2.2"), .auto, [], false),
    ])
    func `a node on the same link has a route, any other a tunnel`(
        peer: PeerNode, routing: PodRouting, routes: [String], hasTunnel: Bool
    ) {
        let plan = Self.plan([peer], routing)
        #expect(plan.routes.map(\.description) == routes)
        #expect((plan.tunnel != nil) == hasTunnel)
        #expect(plan.routes.allSatisfy { $0.origin == 83 && $0.metric == 7 })
    }

    @Test func `a tunnel's other end follows from the node's object`() throws {
        let tunnel = try #require(Self.plan([Self.node("b", "10.74.1.0/24", "203.0.113.2")]).tunnel)
        #expect(tunnel.settings == VXLANSettings(identifier: 1, port: 4789, local: Self.address("192.0.2.1"), linkIndex: 3))
        #expect(tunnel.mtu == 1450)
        #expect(tunnel.linkAddress == MACAddress("0a:58:0a:4a:00:00"))
        let far = try #require(MACAddress("0a:58:0a:4a:01:00"))
        #expect(tunnel.neighbours == [.init(address: Self.address("10.74.1.1"), linkAddress: far)])
        #expect(tunnel.forwarding == [ForwardingEntry(linkAddress: far, destination: Self.address("203.0.113.2"))])
    }

    @Test(arguments: [
        ([node("b", "10.74.0.128/25", "192.0.2.2")], "pods of node b: 10.74.0.128/25 overlaps 10.74.0.0/24 of node a"),
        (
            [node("c", "10.74.1.0/24", "192.0.2.3"), node("b", "10.74.0.0/15", "192.0.2.2")],
            "pods of node b: 10.74.0.0/15 overlaps 10.74.0.0/24 of node a"
        ),
        (
            [node("c", "10.74.1.0/24", "192.0.2.3"), node("b", "10.74.1.0/24", "192.0.2.2")],
            "pods of node c: 10.74.1.0/24 overlaps 10.74.1.0/24 of node b"
        ),
    ])
    func `a network that two nodes claim leads to one of them, and is named`(nodes: [PeerNode], problem: String) {
        #expect(Self.plan(nodes).problems == [problem])
    }

    @Test func `without an address of its own no tunnel is made, and that is said`() {
        let plan = Self.plan([Self.node("b", "10.74.1.0/24", "203.0.113.2")], own: nil)
        #expect(plan.tunnel == nil && plan.routes.isEmpty)
        #expect(plan.problems == ["pods of node b: 10.74.1.0/24: the address of this node is not known yet"])
    }

    @Test func `only what differs is asked of the kernel`() {
        func route(_ to: String, via gateway: String) -> Route { Route(to: Self.prefix(to), via: Self.address(gateway), linkIndex: 3) }
        let requests = KernelRoutes.requests(
            wanted: [route("10.74.1.0/24", via: "192.0.2.2"), route("10.74.2.0/24", via: "192.0.2.9")],
            present: [
                route("10.74.1.0/24", via: "192.0.2.2"), route("10.74.2.0/24", via: "192.0.2.3"), route("10.74.3.0/24", via: "192.0.2.4"),
            ])
        #expect(
            requests.map(\.operation) == [
                "set route 10.74.2.0/24 via 192.0.2.9 link 3", "delete route 10.74.3.0/24 via 192.0.2.4 link 3",
            ])
    }
}

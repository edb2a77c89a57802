internal import LinuxSystem
internal import Netlink
internal import Nftables

/// What a service proxy and network policies need of the pod network.
package struct ServiceSide: Hashable, Sendable {
    /// The link that this node's pods are behind.
    package var bridge: String
    /// A table of the family `inet` that is the proxy's alone; ``PodNetwork/tearDown()`` removes it.
    package var table: String
    /// Another one, for network policies.
    package var policyTable: String
    package var podCIDRs: [String]
    /// The bridge's addresses: pods reach the node there.
    package var gateways: [String]
}

extension PodNetwork {
    package var serviceSide: ServiceSide {
        ServiceSide(
            bridge: names.bridge, table: serviceTable, policyTable: policyTable, podCIDRs: plan.networks.map(\.description),
            gateways: plan.gateways.map(\.address.description))
    }

    private var serviceTable: String { "\(names.table)-services" }
    private var policyTable: String { "\(names.table)-policies" }

    /// Gives the node itself a way to addresses of services, also where it has no default route, with an address that answers find back to; and
    /// lets it use services' ports on 127.0.0.1. The proxy's table must stand: it keeps loopback addresses off the wire.
    ///
    /// - Parameter networks: `10.96.0.0/16`. One that another link has a route to stays there.
    /// - Returns: What will not work therefore, a line each.
    package func routeServices(_ networks: [String]) throws -> [String] {
        do {
            _ = try preparedHostSide()
            var socket = try NetlinkSocket()
            guard let bridge = try socket.link(.name(names.bridge)) else { return [] }
            var notices: [String] = []
            for network in networks.compactMap({ IPPrefix($0) }) {
                let source = plan.gateways.first { $0.family == network.family }?.address
                let route = Route(to: network, linkIndex: bridge.index, source: source)
                if try socket.perform(.addRoute(route), tolerating: .exists) { continue }
                let isOwn = try socket.routes(network.family).contains { $0.destination == network && $0.linkIndex == bridge.index }
                if !isOwn {
                    notices.append(
                        "services \(network) cannot be reached from the node itself: another link has a route there; pods reach them (mend: another --service-cidr)"
                    )
                }
            }
            try routeLoopback()
            return notices
        } catch {
            throw PodNetworkError.step("route services over \(names.bridge)", error)
        }
    }

    /// ip-sysctl.rst, route_localnet.
    private func routeLoopback() throws {
        let path = "/proc/sys/net/ipv4/conf/\(names.bridge)/route_localnet"
        if try Files.readText(path) != "1\n" { try Files.write("1", to: path) }
    }

    func removeTablesOfOthers() throws -> [String] {
        var socket = try NetlinkSocket(.netfilter)
        let present = [serviceTable, policyTable].filter { (try? socket.netfilterTable($0)) != nil }
        defer { nftables.close() }
        for table in present { try nftables.remove(table) }
        return present.map { "nftables table inet \($0)" }
    }
}

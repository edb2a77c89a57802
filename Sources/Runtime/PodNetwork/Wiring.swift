internal import LinuxSystem
internal import Netlink

/// What every pod's link needs to know of the host's side.
struct HostSide: Hashable, Sendable {
    var bridgeIndex: UInt32
    var mtu: UInt32
}

/// Joins a network namespace to the bridge. Knows no state; holds nothing.
struct Wiring: Sendable {
    static let interface = "eth0"

    let names: InstanceNames
    let plan: AddressPlan

    /// Makes a namespace and wires it. On failure nothing is left once the namespace is dropped, which it is here.
    func makeNamespace(_ number: HostNumber, _ host: HostSide) throws -> OwnedFD {
        var created = try NetworkNamespace.create()
        try wire(number, host, created.descriptor, &created.socket)
        return created.intoDescriptor()
    }

    /// Wires a namespace that somebody else owns. On failure takes the link away again.
    func wireExisting(_ number: HostNumber, _ host: HostSide, _ namespace: borrowing OwnedFD) throws {
        var inside = try NetworkNamespace.openSocket(in: namespace)
        do {
            try wire(number, host, namespace, &inside)
        } catch {
            var socket = try NetlinkSocket()
            try? socket.perform([.deleteLink(.name(names.hostLink(number)))])
            throw error
        }
    }

    /// The veth pair, whole, from outside, and what only a port that is there can have; then everything inside in one batch.
    private func wire(
        _ number: HostNumber, _ host: HostSide, _ namespace: borrowing OwnedFD, _ inside: inout NetlinkSocket
    ) throws {
        var outside = try NetlinkSocket()
        let hostEnd = LinkSettings(
            name: names.hostLink(number), isUp: true, mtu: host.mtu, master: host.bridgeIndex, group: names.group)
        let podEnd = LinkSettings(name: Self.interface, mtu: host.mtu, address: plan.mac(number))
        let indices = try outside.addVeth(hostEnd, peer: podEnd, in: namespace)
        try outside.perform([.setHairpin(.name(names.hostLink(number)))])
        try inside.perform(insideRequests(number, link: indices.peerIndex))
    }

    private func insideRequests(_ number: HostNumber, link: UInt32) -> [NetlinkRequest] {
        let up = LinkSettings(isUp: true)
        // What a link says of itself in IPv6 when it comes up goes to every port of the bridge: with N pods, starting one more costs N.
        let quiet = plan.networks.contains { $0.family == .v6 } ? [] : [NetlinkRequest.withoutLinkLocalAddress(.index(link))]
        return [.setLink(.name("lo"), up)] + quiet + [.setLink(.index(link), up)]
            + plan.addresses(number).map { .addAddress($0, toLink: link, makesRoute: false) }
            + plan.gateways.flatMap { Self.routes(over: $0.address, link) }
    }

    /// Only the gateway is a neighbour: pods reach each other through the node. So the node sees both directions of every connection and can
    /// translate addresses of services without hiding who calls; over the bridge alone answers would pass it by.
    private static func routes(over gateway: IPAddress, _ link: UInt32) -> [NetlinkRequest] {
        let neighbour = IPPrefix(gateway, length: gateway.family == .v4 ? 32 : 128).map { Route(to: $0, linkIndex: link) }
        return [neighbour, .default(via: gateway, linkIndex: link)].compactMap { $0.map { .addRoute($0) } }
    }
}

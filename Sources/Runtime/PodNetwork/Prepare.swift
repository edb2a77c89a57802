internal import LinuxSystem
internal import Netlink
internal import Nftables

extension PodNetwork {
    /// Brings the host's side up: pin directory, forwarding, bridge with the gateway addresses, NAT rules. Idempotent: what is there and
    /// right is left alone.
    ///
    /// - Returns: What will not work although nothing failed, a line each, with the mend.
    @discardableResult
    package func prepare() throws -> [String] {
        do {
            try pins.prepare()
            var socket = try NetlinkSocket()
            try refuseOverlaps(&socket)
            let host = try bridgeUp(&socket)
            var notices = forwardingNotices()
            notices += try rulesInPlace()
            hostSide.withLock { $0 = host }
            if !store.releasing.isEmpty { upkeep.lookSoon() }
            return notices
        } catch {
            throw PodNetworkError.step("prepare the pod network \(names.bridge)", error)
        }
    }

    func preparedHostSide() throws -> HostSide {
        if let host = hostSide.withLock({ $0 }) { return host }
        try prepare()
        guard let host = hostSide.withLock({ $0 }) else { preconditionFailure("prepare sets it") }
        return host
    }

    /// Another link with a route into the pod CIDR would get the pods' packets, or the other way round.
    private func refuseOverlaps(_ socket: inout NetlinkSocket) throws {
        let own = try socket.link(.name(names.bridge))?.index
        for network in plan.networks {
            let clash = try socket.routes(network.family).first {
                $0.linkIndex != own && network.contains($0.destination) && !isOwn($0)
            }
            guard let clash else { continue }
            let link = try clash.linkIndex.flatMap { try socket.link(.index($0))?.name } ?? "another link"
            throw PodNetworkError(
                .invalidConfiguration,
                "pod CIDR \(network): \(link) already has a route to \(clash.destination): choose another pod CIDR")
        }
    }

    private func bridgeUp(_ socket: inout NetlinkSocket) throws -> HostSide {
        let mtu = try configuration.mtu ?? outsideMTU(&socket)
        let bridge = try bridgeLink(&socket, mtu: mtu)
        let wanted = Set(plan.gateways)
        let present = Set(try socket.addresses(linkIndex: bridge.index).map(\.prefix).filter { !$0.address.isLinkLocal })
        var requests = present.subtracting(wanted).map { NetlinkRequest.deleteAddress($0, fromLink: bridge.index) }
        requests += wanted.subtracting(present).map { .addAddress($0, toLink: bridge.index) }
        if !bridge.isUp { requests.append(.setLink(.index(bridge.index), LinkSettings(isUp: true))) }
        try socket.perform(requests)
        return HostSide(bridgeIndex: bridge.index, mtu: mtu)
    }

    /// The bridge, made when it is not there. With an own MAC address it does not change its address with its ports.
    private func bridgeLink(_ socket: inout NetlinkSocket, mtu: UInt32) throws -> Link {
        if try socket.link(.name(names.bridge)) == nil {
            let settings = LinkSettings(name: names.bridge, isUp: true, mtu: mtu, address: plan.mac(.gateway), group: names.group)
            _ = try socket.perform(.addBridge(settings), tolerating: .exists)  // another process was faster
        }
        guard let link = try socket.link(.name(names.bridge)) else {
            throw PodNetworkError(.failed, "bridge \(names.bridge) went away while it was being made")
        }
        guard link.kind == "bridge" else {
            throw PodNetworkError(
                .invalidConfiguration, "link \(names.bridge) is no bridge but \(link.kind ?? "a device"): remove or rename it")
        }
        return link
    }

    /// The MTU of the link with the (best) IPv4 default route.
    private func outsideMTU(_ socket: inout NetlinkSocket) throws -> UInt32 {
        let defaults = try socket.routes(.v4).filter(\.isDefault)
        let best = defaults.min { ($0.metric ?? 0) < ($1.metric ?? 0) }
        guard let index = best?.linkIndex, let link = try socket.link(.index(index)) else { return Self.defaultMTU }
        return link.mtu
    }

    /// Turns forwarding on. A container without the right to is told, not stopped: pods still reach each other and the node.
    private func forwardingNotices() -> [String] {
        plan.networks.compactMap { network in
            let path = network.family == .v4 ? "/proc/sys/net/ipv4/ip_forward" : "/proc/sys/net/ipv6/conf/all/forwarding"
            do {
                if try Files.readText(path) != "1\n" { try Files.write("1", to: path) }
                return nil
            } catch {
                return "pods cannot reach the outside, as IP forwarding is off: \(error): write 1 to it as the machine's administrator"
            }
        }
    }
}

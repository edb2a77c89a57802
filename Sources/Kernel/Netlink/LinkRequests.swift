package import LinuxSystem
internal import CMnl
internal import Glibc

/// Which link: by index, or by name in the socket's namespace (at most 15 bytes).
package enum LinkReference: Hashable, Sendable, CustomStringConvertible {
    case index(UInt32)
    case name(String)

    package var description: String {
        switch self {
        case .index(let index): "link \(index)"
        case .name(let name): "link \(name)"
        }
    }
}

/// What a link is to have. Nil leaves the kernel's choice, or on a change the present value.
package struct LinkSettings: Hashable, Sendable {
    package var name: String?
    package var isUp: Bool?
    package var mtu: UInt32?
    package var address: MACAddress?
    /// 0 takes the link out of its bridge.
    package var master: UInt32?
    package var group: UInt32?

    package init(
        name: String? = nil, isUp: Bool? = nil, mtu: UInt32? = nil, address: MACAddress? = nil, master: UInt32? = nil,
        group: UInt32? = nil
    ) {
        (self.name, self.isUp, self.mtu, self.address) = (name, isUp, mtu, address)
        (self.master, self.group) = (master, group)
    }
}

/// A VXLAN end point of this machine.
package struct VXLANSettings: Hashable, Sendable {
    /// The network's number, of 24 bits.
    package var identifier: UInt32
    /// UDP, the same on all machines.
    package var port: UInt16
    /// Where packets come from.
    package var local: IPAddress
    /// The link that has this address.
    package var linkIndex: UInt32

    package init(identifier: UInt32, port: UInt16, local: IPAddress, linkIndex: UInt32) {
        (self.identifier, self.port, self.local, self.linkIndex) = (identifier, port, local, linkIndex)
    }
}

extension NetlinkRequest {
    /// Makes a veth pair in one message: this end here with all its settings, the peer with its settings inside `peerNamespace`.
    ///
    /// The peer cannot come up in this message (a veth end without its partner refuses with ENOTCONN): set it up afterwards.
    package static func addVeth(
        _ settings: LinkSettings, peer: LinkSettings, in peerNamespace: borrowing OwnedFD
    ) -> NetlinkRequest {
        let namespace = peerNamespace.rawValue
        var body = MessageBody(header(settings))
        body.append(settings)
        body.nested(IFLA_LINKINFO) {
            $0.attribute(IFLA_INFO_KIND, "veth")
            $0.nested(IFLA_INFO_DATA) {
                $0.attribute(Int(VETH_INFO_PEER), header: header(peer)) {
                    $0.append(peer)
                    $0.attribute(IFLA_NET_NS_FD, namespace)
                }
            }
        }
        let operation = "add veth \(settings.name ?? "") with peer \(peer.name ?? "") in another namespace"
        return NetlinkRequest(operation, type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, body: body)
    }

    package static func addBridge(_ settings: LinkSettings) -> NetlinkRequest {
        var body = MessageBody(header(settings))
        body.append(settings)
        body.nested(IFLA_LINKINFO) { $0.attribute(IFLA_INFO_KIND, "bridge") }
        return NetlinkRequest(
            "add bridge \(settings.name ?? "")", type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body: body)
    }

    /// Adds a VXLAN end point (RFC 7348) that learns nothing from what it receives: who is where is told to it by
    /// ``setForwarding(_:to:onLink:)``.
    package static func addVXLAN(_ settings: LinkSettings, _ tunnel: VXLANSettings) -> NetlinkRequest {
        var body = MessageBody(header(settings))
        body.append(settings)
        body.nested(IFLA_LINKINFO) {
            $0.attribute(IFLA_INFO_KIND, "vxlan")
            $0.nested(IFLA_INFO_DATA) {
                $0.attribute(IFLA_VXLAN_ID, tunnel.identifier)
                $0.attribute(IFLA_VXLAN_PORT, tunnel.port.bigEndian)
                $0.attribute(IFLA_VXLAN_LEARNING, UInt8(0))
                let local = tunnel.local.family == .v4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6
                $0.attribute(local, tunnel.local.bytes)
                $0.attribute(IFLA_VXLAN_LINK, tunnel.linkIndex)
            }
        }
        return NetlinkRequest(
            "add vxlan \(settings.name ?? "") id \(tunnel.identifier) port \(tunnel.port)", type: RTM_NEWLINK,
            flags: NLM_F_CREATE | NLM_F_EXCL, body: body)
    }

    /// Changes a link. A new name needs the link by index.
    package static func setLink(_ link: LinkReference, _ settings: LinkSettings) -> NetlinkRequest {
        var body = MessageBody(header(settings, link))
        body.append(settings, addressedBy: link)
        return NetlinkRequest("set \(link) \(settings.summary)", type: RTM_NEWLINK, body: body)
    }

    /// Keeps a link from making itself an IPv6 link-local address when it comes up; it then neither probes for duplicates nor solicits
    /// routers. Other IPv6 addresses still work. A message of its own: the kernel brings a link up before it looks at this.
    package static func withoutLinkLocalAddress(_ link: LinkReference) -> NetlinkRequest {
        var body = MessageBody(header(LinkSettings(), link))
        body.append(LinkSettings(), addressedBy: link)
        body.nested(IFLA_AF_SPEC) {
            $0.nested(Int(AF_INET6)) { $0.attribute(IFLA_INET6_ADDR_GEN_MODE, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue)) }
        }
        return NetlinkRequest("switch link-local addresses of \(link) off", type: RTM_NEWLINK, body: body)
    }

    /// Lets a bridge send a frame back out of the port that it came in by. With br_netfilter (net.bridge.bridge-nf-call-iptables) a packet
    /// whose address has been translated to one behind the same bridge is bridged, not routed, and otherwise lost when that is its sender's.
    package static func setHairpin(_ link: LinkReference) -> NetlinkRequest {
        var body = MessageBody(header(LinkSettings(), link))
        body.append(LinkSettings(), addressedBy: link)
        body.nested(IFLA_LINKINFO) {
            $0.attribute(IFLA_INFO_SLAVE_KIND, "bridge")
            $0.nested(IFLA_INFO_SLAVE_DATA) { $0.attribute(IFLA_BRPORT_MODE, UInt8(1)) }
        }
        return NetlinkRequest("set hairpin mode of \(link)", type: RTM_NEWLINK, body: body)
    }

    /// Moves a link into another namespace; it arrives down and without addresses.
    package static func moveLink(_ link: LinkReference, to namespace: borrowing OwnedFD) -> NetlinkRequest {
        var body = MessageBody(header(LinkSettings(), link))
        body.append(LinkSettings(), addressedBy: link)
        body.attribute(IFLA_NET_NS_FD, namespace.rawValue)
        return NetlinkRequest("move \(link) to another namespace", type: RTM_NEWLINK, body: body)
    }

    /// Deletes a link, of a veth both ends. Waits for RCU: about 30 ms.
    package static func deleteLink(_ link: LinkReference) -> NetlinkRequest {
        var body = MessageBody(header(LinkSettings(), link))
        body.append(LinkSettings(), addressedBy: link)
        return NetlinkRequest("delete \(link)", type: RTM_DELLINK, body: body)
    }

    /// Deletes all links of a group at once, for the price of one. - Precondition: The group is not 0, which every other link has.
    package static func deleteLinks(inGroup group: UInt32) -> NetlinkRequest {
        precondition(group != 0, "group 0 is every link that nobody grouped")
        var body = MessageBody(ifinfomsg())
        body.attribute(IFLA_GROUP, group)
        return NetlinkRequest("delete links of group \(group)", type: RTM_DELLINK, body: body)
    }

    static func getLink(_ link: LinkReference) -> NetlinkRequest {
        var body = MessageBody(header(LinkSettings(), link))
        body.append(LinkSettings(), addressedBy: link)
        return NetlinkRequest("get \(link)", type: RTM_GETLINK, body: body)
    }

    static var listLinks: NetlinkRequest { NetlinkRequest("list links", type: RTM_GETLINK, body: MessageBody(ifinfomsg())) }

    private static func header(_ settings: LinkSettings, _ link: LinkReference? = nil) -> ifinfomsg {
        var header = ifinfomsg()
        if case .index(let index) = link { header.ifi_index = CInt(bitPattern: index) }
        if let isUp = settings.isUp {
            header.ifi_flags = isUp ? UInt32(IFF_UP) : 0
            header.ifi_change = UInt32(IFF_UP)
        }
        return header
    }
}

extension MessageBody {
    /// - Parameter link: When by name, the name selects the link and is not a new one.
    fileprivate mutating func append(_ settings: LinkSettings, addressedBy link: LinkReference? = nil) {
        if case .name(let name) = link { attribute(IFLA_IFNAME, name) } else if let name = settings.name { attribute(IFLA_IFNAME, name) }
        if let mtu = settings.mtu { attribute(IFLA_MTU, mtu) }
        if let address = settings.address { attribute(IFLA_ADDRESS, address.bytes) }
        if let master = settings.master { attribute(IFLA_MASTER, master) }
        if let group = settings.group { attribute(IFLA_GROUP, group) }
    }
}

extension LinkSettings {
    /// For errors: `up mtu 1500`.
    fileprivate var summary: String {
        let parts: [String?] = [
            isUp.map { $0 ? "up" : "down" }, name.map { "name \($0)" }, mtu.map { "mtu \($0)" },
            address.map { "address \($0)" }, master.map { "master \($0)" }, group.map { "group \($0)" },
        ]
        return parts.compactMap { $0 }.joined(separator: " ")
    }
}

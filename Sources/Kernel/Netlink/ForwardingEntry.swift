internal import CMnl
internal import Glibc

/// Where frames to a link-layer address go: an entry of a VXLAN end point's forwarding table.
package struct ForwardingEntry: Hashable, Sendable {
    package var linkAddress: MACAddress
    /// The machine that has it.
    package var destination: IPAddress

    package init(linkAddress: MACAddress, destination: IPAddress) {
        (self.linkAddress, self.destination) = (linkAddress, destination)
    }
}

extension NetlinkRequest {
    /// Adds a permanent entry, or replaces the one of this address.
    package static func setForwarding(_ entry: ForwardingEntry, onLink index: UInt32) -> NetlinkRequest {
        NetlinkRequest(
            "set forwarding of \(entry.linkAddress) to \(entry.destination) on link \(index)", type: RTM_NEWNEIGH,
            flags: NLM_F_CREATE | NLM_F_REPLACE, body: body(entry, index, state: UInt16(NUD_PERMANENT)))
    }

    package static func deleteForwarding(_ entry: ForwardingEntry, onLink index: UInt32) -> NetlinkRequest {
        NetlinkRequest(
            "delete forwarding of \(entry.linkAddress) to \(entry.destination) on link \(index)", type: RTM_DELNEIGH,
            body: body(entry, index, state: 0))
    }

    static func listForwarding(linkIndex: UInt32) -> NetlinkRequest {
        NetlinkRequest("list forwarding of link \(linkIndex)", type: RTM_GETNEIGH, body: MessageBody(header(linkIndex, state: 0)))
    }

    private static func body(_ entry: ForwardingEntry, _ index: UInt32, state: UInt16) -> MessageBody {
        var header = header(index, state: state)
        // The end point's own table, not that of a bridge it may be a port of.
        header.ndm_flags = UInt8(NTF_SELF)
        var body = MessageBody(header)
        body.attribute(Int(NDA_DST), entry.destination.bytes)
        body.attribute(Int(NDA_LLADDR), entry.linkAddress.bytes)
        return body
    }

    private static func header(_ index: UInt32, state: UInt16) -> ndmsg {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        header.ndm_ifindex = Int32(bitPattern: index)
        header.ndm_state = state
        return header
    }
}

extension NetlinkSocket {
    /// The entries of a VXLAN end point that name a machine.
    package mutating func forwarding(linkIndex: UInt32) throws(NetlinkError) -> [ForwardingEntry] {
        var entries: [ForwardingEntry] = []
        try query(.listForwarding(linkIndex: linkIndex), dump: true, restart: { entries = [] }) { header, payload in
            guard Int(header.type) == RTM_NEWNEIGH else { return }
            let entry = try payload.load(ndmsg.self, at: 0)
            guard entry.ndm_family == UInt8(AF_BRIDGE), UInt32(bitPattern: entry.ndm_ifindex) == linkIndex else { return }
            var (linkAddress, destination) = (MACAddress?.none, IPAddress?.none)
            try forEachAttribute(in: payload, from: MemoryLayout<ndmsg>.size) { type, value in
                switch type {
                case Int(NDA_DST): destination = IPAddress(bytes: value.array)
                case Int(NDA_LLADDR): linkAddress = MACAddress(bytes: value.array)
                default: break
                }
            }
            if let linkAddress, let destination { entries.append(ForwardingEntry(linkAddress: linkAddress, destination: destination)) }
        }
        return entries
    }
}

extension VXLANSettings {
    /// From a link's `IFLA_LINKINFO`; nil when it lacks what this program always gives.
    init?(information: RawSpan) throws {
        var (identifier, port, local, link) = (UInt32?.none, UInt16(0), IPAddress?.none, UInt32(0))
        try forEachAttribute(in: information) { type, value in
            guard type == IFLA_INFO_DATA else { return }
            try forEachAttribute(in: value) { type, value in
                switch type {
                case IFLA_VXLAN_ID: identifier = try value.load(UInt32.self, at: 0)
                case IFLA_VXLAN_PORT: port = UInt16(bigEndian: try value.load(UInt16.self, at: 0))
                case IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6: local = IPAddress(bytes: value.array)
                case IFLA_VXLAN_LINK: link = try value.load(UInt32.self, at: 0)
                default: break
                }
            }
        }
        guard let identifier, let local else { return nil }
        self.init(identifier: identifier, port: port, local: local, linkIndex: link)
    }
}

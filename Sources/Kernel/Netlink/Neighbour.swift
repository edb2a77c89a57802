internal import CMnl

/// An entry of the ARP or neighbour discovery table.
package struct Neighbour: Hashable, Sendable {
    package var linkIndex: UInt32
    package var address: IPAddress
    /// Nil while it is not resolved.
    package var linkAddress: MACAddress?
    /// `NUD_*`, rtnetlink(7).
    package var state: UInt16
    package var isPermanent: Bool { state & UInt16(NUD_PERMANENT) != 0 }
}

extension NetlinkRequest {
    /// Adds a permanent entry, or replaces what is known of the address.
    package static func setNeighbour(_ address: IPAddress, _ linkAddress: MACAddress, onLink index: UInt32) -> NetlinkRequest {
        var body = MessageBody(header(address, index, state: UInt16(NUD_PERMANENT)))
        body.attribute(Int(NDA_DST), address.bytes)
        body.attribute(Int(NDA_LLADDR), linkAddress.bytes)
        return NetlinkRequest(
            "set neighbour \(address) to \(linkAddress) on link \(index)", type: RTM_NEWNEIGH,
            flags: NLM_F_CREATE | NLM_F_REPLACE, body: body)
    }

    package static func deleteNeighbour(_ address: IPAddress, onLink index: UInt32) -> NetlinkRequest {
        var body = MessageBody(header(address, index, state: 0))
        body.attribute(Int(NDA_DST), address.bytes)
        return NetlinkRequest("delete neighbour \(address) on link \(index)", type: RTM_DELNEIGH, body: body)
    }

    static func listNeighbours(_ family: IPAddress.Family) -> NetlinkRequest {
        var header = ndmsg()
        header.ndm_family = family.number
        return NetlinkRequest("list neighbours", type: RTM_GETNEIGH, body: MessageBody(header))
    }

    private static func header(_ address: IPAddress, _ index: UInt32, state: UInt16) -> ndmsg {
        var header = ndmsg()
        header.ndm_family = address.family.number
        header.ndm_ifindex = Int32(bitPattern: index)
        header.ndm_state = state
        return header
    }
}

extension Neighbour {
    /// Parses the payload of an `RTM_NEWNEIGH` message; nil for entries of other families (a bridge's).
    init?(payload: RawSpan) throws {
        let header = try payload.load(ndmsg.self, at: 0)
        guard let family = IPAddress.Family(number: header.ndm_family) else { return nil }
        var address: IPAddress?
        var linkAddress: MACAddress?
        try forEachAttribute(in: payload, from: MemoryLayout<ndmsg>.size) { type, value in
            switch type {
            case Int(NDA_DST): address = try IPAddress(family, value)
            case Int(NDA_LLADDR): linkAddress = MACAddress(bytes: value.array)
            default: break
            }
        }
        guard let address else { throw MalformedMessage() }
        self.init(
            linkIndex: UInt32(bitPattern: header.ndm_ifindex), address: address, linkAddress: linkAddress, state: header.ndm_state)
    }
}

extension NetlinkSocket {
    package mutating func neighbours(_ family: IPAddress.Family) throws(NetlinkError) -> [Neighbour] {
        var neighbours: [Neighbour] = []
        try query(.listNeighbours(family), dump: true, restart: { neighbours = [] }) { header, payload in
            if Int(header.type) == RTM_NEWNEIGH, let entry = try Neighbour(payload: payload) { neighbours.append(entry) }
        }
        return neighbours
    }
}

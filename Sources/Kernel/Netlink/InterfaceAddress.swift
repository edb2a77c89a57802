internal import CMnl

/// An address on a link.
package struct InterfaceAddress: Hashable, Sendable {
    package var linkIndex: UInt32
    package var prefix: IPPrefix
    /// `IFA_F_*`, rtnetlink(7).
    package var flags: UInt32
}

extension NetlinkRequest {
    /// Adds an address; EEXIST when the link has it. IPv6 skips duplicate address detection, so that it can be used at once.
    ///
    /// - Parameter makesRoute: Whether the prefix's other addresses become neighbours on the link, as the kernel does unless told otherwise.
    package static func addAddress(_ prefix: IPPrefix, toLink index: UInt32, makesRoute: Bool = true) -> NetlinkRequest {
        let flags = (prefix.family == .v6 ? UInt32(IFA_F_NODAD) : 0) | (makesRoute ? 0 : UInt32(IFA_F_NOPREFIXROUTE))
        return NetlinkRequest(
            "add address \(prefix) to link \(index)", type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL,
            body: body(prefix, index, flags: flags))
    }

    package static func deleteAddress(_ prefix: IPPrefix, fromLink index: UInt32) -> NetlinkRequest {
        NetlinkRequest("delete address \(prefix) from link \(index)", type: RTM_DELADDR, body: body(prefix, index, flags: 0))
    }

    static func listAddresses(linkIndex: UInt32) -> NetlinkRequest {
        var header = ifaddrmsg()
        header.ifa_index = linkIndex  // filters in the kernel with NETLINK_GET_STRICT_CHK, else in the caller
        return NetlinkRequest("list addresses", type: RTM_GETADDR, body: MessageBody(header))
    }

    private static func body(_ prefix: IPPrefix, _ index: UInt32, flags: UInt32) -> MessageBody {
        let header = ifaddrmsg(
            ifa_family: prefix.family.number, ifa_prefixlen: UInt8(prefix.length), ifa_flags: UInt8(truncatingIfNeeded: flags),
            ifa_scope: 0,
            ifa_index: index)
        var body = MessageBody(header)
        body.attribute(Int(IFA_LOCAL), prefix.address.bytes)
        body.attribute(Int(IFA_ADDRESS), prefix.address.bytes)
        // The header has room for the first eight only.
        if flags > UInt32(UInt8.max) { body.attribute(Int(IFA_FLAGS), flags) }
        return body
    }
}

extension IPAddress.Family {
    /// `AF_INET`, `AF_INET6`.
    var number: UInt8 { UInt8(self == .v4 ? AF_INET : AF_INET6) }
}

extension InterfaceAddress {
    /// Parses the payload of an `RTM_NEWADDR` message. `IFA_LOCAL` is the address where both are there (point-to-point links).
    init(payload: RawSpan) throws {
        let header = try payload.load(ifaddrmsg.self, at: 0)
        var flags = UInt32(header.ifa_flags)
        var local: IPAddress?
        var address: IPAddress?
        try forEachAttribute(in: payload, from: MemoryLayout<ifaddrmsg>.size) { type, value in
            switch type {
            case Int(IFA_LOCAL): local = IPAddress(bytes: value.array)
            case Int(IFA_ADDRESS): address = IPAddress(bytes: value.array)
            case Int(IFA_FLAGS): flags = try value.load(UInt32.self, at: 0)
            default: break
            }
        }
        guard let found = local ?? address, found.family.number == header.ifa_family,
            let prefix = IPPrefix(found, length: Int(header.ifa_prefixlen))
        else { throw MalformedMessage() }
        self.init(linkIndex: header.ifa_index, prefix: prefix, flags: flags)
    }
}

extension NetlinkSocket {
    /// Addresses of both families. - Parameter linkIndex: Of this link only; nil for all.
    package mutating func addresses(linkIndex: UInt32? = nil) throws(NetlinkError) -> [InterfaceAddress] {
        var addresses: [InterfaceAddress] = []
        try query(.listAddresses(linkIndex: linkIndex ?? 0), dump: true, restart: { addresses = [] }) { header, payload in
            if Int(header.type) == RTM_NEWADDR { addresses.append(try InterfaceAddress(payload: payload)) }
        }
        return linkIndex == nil ? addresses : addresses.filter { $0.linkIndex == linkIndex }
    }
}

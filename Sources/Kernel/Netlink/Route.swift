internal import CMnl

/// A unicast route of the main table.
package struct Route: Hashable, Sendable, CustomStringConvertible {
    /// Where to; the default route is 0.0.0.0/0 or ::/0.
    package var destination: IPPrefix
    /// Nil: the destination is on the link itself.
    package var gateway: IPAddress?
    /// Nil: the kernel finds the link that leads to the gateway.
    package var linkIndex: UInt32?
    /// The address packets leave with, unless the program bound another.
    package var source: IPAddress?
    /// Lower wins.
    package var metric: UInt32?
    /// Who has made it, `RTPROT_*` of rtnetlink(7): a number by which its maker knows it again.
    package var origin: UInt8 = Self.staticOrigin
    /// The gateway is behind the link, although no address of the link says so (RTNH_F_ONLINK).
    package var isGatewayOnLink = false

    /// RTPROT_STATIC: set by an administrator.
    package static let staticOrigin = UInt8(RTPROT_STATIC)

    package init(
        to destination: IPPrefix, via gateway: IPAddress? = nil, linkIndex: UInt32? = nil, source: IPAddress? = nil,
        metric: UInt32? = nil
    ) {
        (self.destination, self.gateway, self.linkIndex) = (destination, gateway, linkIndex)
        (self.source, self.metric) = (source, metric)
    }

    /// The default route of the gateway's family.
    package static func `default`(via gateway: IPAddress, linkIndex: UInt32? = nil) -> Route {
        Route(to: .everything(gateway.family), via: gateway, linkIndex: linkIndex)
    }

    package var isDefault: Bool { destination.length == 0 }

    package var description: String {
        "\(isDefault ? "default" : destination.description)" + (gateway.map { " via \($0)" } ?? "")
            + (linkIndex.map { " link \($0)" } ?? "")
    }
}

extension IPPrefix {
    /// 0.0.0.0/0 or ::/0.
    package static func everything(_ family: IPAddress.Family) -> IPPrefix {
        guard let prefix = IPPrefix(IPAddress(family, 0), length: 0) else { preconditionFailure("0 bits fit every family") }
        return prefix
    }
}

extension NetlinkRequest {
    /// Adds a route to the main table, or puts it in the place of the one to the same destination with the same metric.
    package static func setRoute(_ route: Route) -> NetlinkRequest {
        NetlinkRequest("set route \(route)", type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, body: body(route))
    }

    /// Adds a route to the main table; EEXIST when there is one to the same destination with the same metric.
    package static func addRoute(_ route: Route) -> NetlinkRequest {
        NetlinkRequest("add route \(route)", type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL, body: body(route))
    }

    package static func deleteRoute(_ route: Route) -> NetlinkRequest {
        NetlinkRequest("delete route \(route)", type: RTM_DELROUTE, body: body(route, isDeletion: true))
    }

    static func listRoutes(_ family: IPAddress.Family) -> NetlinkRequest {
        var header = rtmsg()
        header.rtm_family = family.number
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        return NetlinkRequest("list routes", type: RTM_GETROUTE, body: MessageBody(header))
    }

    private static func body(_ route: Route, isDeletion: Bool = false) -> MessageBody {
        // A deletion leaves the scope open, and the protocol unless somebody marks his routes by it: the kernel then matches any.
        let scope = isDeletion ? RT_SCOPE_NOWHERE : route.gateway == nil ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
        var header = rtmsg()
        header.rtm_family = route.destination.family.number
        header.rtm_dst_len = UInt8(route.destination.length)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        header.rtm_protocol = isDeletion && route.origin == Route.staticOrigin ? 0 : route.origin
        header.rtm_scope = UInt8(scope.rawValue)
        header.rtm_type = isDeletion ? 0 : UInt8(RTN_UNICAST)
        if route.isGatewayOnLink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
        var body = MessageBody(header)
        if !route.isDefault { body.attribute(Int(RTA_DST.rawValue), route.destination.network.address.bytes) }
        if let gateway = route.gateway { body.attribute(Int(RTA_GATEWAY.rawValue), gateway.bytes) }
        if let index = route.linkIndex { body.attribute(Int(RTA_OIF.rawValue), index) }
        if let source = route.source { body.attribute(Int(RTA_PREFSRC.rawValue), source.bytes) }
        if let metric = route.metric { body.attribute(Int(RTA_PRIORITY.rawValue), metric) }
        return body
    }
}

extension Route {
    /// Parses the payload of an `RTM_NEWROUTE` message; nil when it is no unicast route of the main table.
    init?(payload: RawSpan) throws {
        let header = try payload.load(rtmsg.self, at: 0)
        var table = UInt32(header.rtm_table)
        guard let family = IPAddress.Family(number: header.rtm_family) else { return nil }
        var destination = IPAddress(family, 0)
        var route = Route(to: .everything(family))
        try forEachAttribute(in: payload, from: MemoryLayout<rtmsg>.size) { type, value in
            switch type {
            case Int(RTA_DST.rawValue): destination = try IPAddress(family, value)
            case Int(RTA_GATEWAY.rawValue): route.gateway = try IPAddress(family, value)
            case Int(RTA_PREFSRC.rawValue): route.source = try IPAddress(family, value)
            case Int(RTA_OIF.rawValue): route.linkIndex = try value.load(UInt32.self, at: 0)
            case Int(RTA_PRIORITY.rawValue): route.metric = try value.load(UInt32.self, at: 0)
            case Int(RTA_TABLE.rawValue): table = try value.load(UInt32.self, at: 0)
            default: break
            }
        }
        guard let prefix = IPPrefix(destination, length: Int(header.rtm_dst_len)) else { throw MalformedMessage() }
        guard table == RT_TABLE_MAIN.rawValue, header.rtm_type == UInt8(RTN_UNICAST) else { return nil }
        route.destination = prefix
        route.origin = header.rtm_protocol
        route.isGatewayOnLink = header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0
        self = route
    }
}

extension IPAddress {
    /// An attribute's address, which must have the family's size.
    init(_ family: Family, _ value: RawSpan) throws {
        guard let address = IPAddress(bytes: value.array), address.family == family else { throw MalformedMessage() }
        self = address
    }
}

extension IPAddress.Family {
    init?(number: UInt8) {
        switch CInt(number) {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }
}

extension NetlinkSocket {
    /// The unicast routes of the main table.
    package mutating func routes(_ family: IPAddress.Family) throws(NetlinkError) -> [Route] {
        var routes: [Route] = []
        try query(.listRoutes(family), dump: true, restart: { routes = [] }) { header, payload in
            if Int(header.type) == RTM_NEWROUTE, let route = try Route(payload: payload) { routes.append(route) }
        }
        return routes
    }
}

internal import CMnl
internal import Glibc

// What conntrack remembers of packets between two ends (ctnetlink).

extension NetlinkSocket {
    /// Makes the kernel forget the UDP flows to a port of this machine: each is translated as its first packet was, for as long as
    /// packets come, whatever the rules say by now. For sockets on ``Bus/netfilter``.
    ///
    /// - Parameter address: That the packets were sent to; nil: any of the family.
    /// - Returns: How many there were.
    @discardableResult
    package mutating func forgetUDPFlows(
        to port: UInt16, address: IPAddress? = nil, _ family: IPAddress.Family
    ) throws(NetlinkError) -> Int {
        let wanted = FlowTuple(transport: UInt8(IPPROTO_UDP), destination: address, destinationPort: port)
        var found: [FlowEntry] = []
        try query(.listFlows(wanted, family), dump: true, restart: { found = [] }) { header, payload in
            guard header.type & 0xff == UInt16(IPCTNL_MSG_CT_NEW.rawValue) else { return }
            let flow = try FlowEntry(payload: payload)
            if flow.tuple.matches(wanted) { found.append(flow) }
        }
        // One that has ended meanwhile is as good as forgotten.
        return try found.count { flow throws(NetlinkError) in try perform(.deleteFlow(flow, family), tolerating: .noSuchFile) }
    }
}

/// Whom packets of a flow are for, as the first one said; the kernel's `CTA_TUPLE_ORIG`.
struct FlowTuple: Hashable {
    var transport: UInt8 = 0
    var destination: IPAddress?
    var destinationPort: UInt16 = 0

    /// - Parameter wanted: Without an address it stands for all.
    func matches(_ wanted: FlowTuple) -> Bool {
        transport == wanted.transport && destinationPort == wanted.destinationPort
            && (wanted.destination == nil || destination == wanted.destination)
    }
}

/// One entry of the table, and what names it there.
struct FlowEntry {
    var tuple = FlowTuple()
    /// The value of `CTA_TUPLE_ORIG`, given back as it came.
    var original: [UInt8] = []
    /// `CTA_ZONE` and `CTA_ID`, where they are.
    var zone: [UInt8]?
    var id: [UInt8]?

    init(payload: RawSpan) throws {
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value in
            switch type {
            case Int(CTA_TUPLE_ORIG.rawValue):
                original = value.array
                tuple = try FlowTuple(value)
            case Int(CTA_ZONE.rawValue): zone = value.array
            case Int(CTA_ID.rawValue): id = value.array
            default: break
            }
        }
    }
}

extension FlowTuple {
    /// Integers in it are big-endian.
    fileprivate init(_ attribute: RawSpan) throws {
        try forEachAttribute(in: attribute) { type, value in
            switch type {
            case Int(CTA_TUPLE_IP.rawValue):
                try forEachAttribute(in: value) { type, value in
                    guard type == Int(CTA_IP_V4_DST.rawValue) || type == Int(CTA_IP_V6_DST.rawValue) else { return }
                    destination = IPAddress(bytes: value.array)
                }
            case Int(CTA_TUPLE_PROTO.rawValue):
                try forEachAttribute(in: value) { type, value in
                    switch type {
                    case Int(CTA_PROTO_NUM.rawValue): transport = try value.load(UInt8.self, at: 0)
                    case Int(CTA_PROTO_DST_PORT.rawValue): destinationPort = UInt16(bigEndian: try value.load(UInt16.self, at: 0))
                    default: break
                    }
                }
            default: break
            }
        }
    }

    fileprivate func append(to body: inout MessageBody) {
        body.nested(Int(CTA_TUPLE_ORIG.rawValue)) { body in
            if let destination {
                let type = destination.family == .v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST
                body.nested(Int(CTA_TUPLE_IP.rawValue)) { $0.attribute(Int(type.rawValue), destination.bytes) }
            }
            body.nested(Int(CTA_TUPLE_PROTO.rawValue)) { body in
                body.attribute(Int(CTA_PROTO_NUM.rawValue), transport)
                body.attribute(Int(CTA_PROTO_DST_PORT.rawValue), destinationPort.bigEndian)
            }
        }
    }
}

extension NetlinkRequest {
    private static func header(_ family: IPAddress.Family) -> nfgenmsg {
        nfgenmsg(nfgen_family: UInt8(family == .v4 ? AF_INET : AF_INET6), version: UInt8(NFNETLINK_V0), res_id: 0)
    }

    /// What of a tuple counts in `CTA_FILTER_ORIG_FLAGS`: CTA_FILTER_F_CTA_* of the kernel's net/netfilter/nf_internals.h, which no header
    /// for programs has. Kernels before 5.8 know no filter and send everything.
    private enum FilterFlag {
        static let destination: UInt32 = 1 << 1
        static let transport: UInt32 = 1 << 3
        static let destinationPort: UInt32 = 1 << 5
    }

    fileprivate static func listFlows(_ wanted: FlowTuple, _ family: IPAddress.Family) -> NetlinkRequest {
        var body = MessageBody(header(family))
        wanted.append(to: &body)
        // Unlike the rest this attribute is parsed strictly: without the flag it is EINVAL.
        body.nested(Int(CTA_FILTER.rawValue) | Int(NLA_F_NESTED)) { body in
            let flags = FilterFlag.transport | FilterFlag.destinationPort | (wanted.destination == nil ? 0 : FilterFlag.destination)
            body.attribute(Int(CTA_FILTER_ORIG_FLAGS.rawValue), flags)
            body.attribute(Int(CTA_FILTER_REPLY_FLAGS.rawValue), UInt32(0))
        }
        return NetlinkRequest(
            "list the UDP flows to port \(wanted.destinationPort)", type: Int(NFNL_SUBSYS_CTNETLINK) << 8 | Int(IPCTNL_MSG_CT_GET.rawValue),
            body: body)
    }

    fileprivate static func deleteFlow(_ flow: FlowEntry, _ family: IPAddress.Family) -> NetlinkRequest {
        var body = MessageBody(header(family))
        body.attribute(Int(CTA_TUPLE_ORIG.rawValue), flow.original)
        if let zone = flow.zone { body.attribute(Int(CTA_ZONE.rawValue), zone) }
        if let id = flow.id { body.attribute(Int(CTA_ID.rawValue), id) }
        return NetlinkRequest(
            "forget a UDP flow to port \(flow.tuple.destinationPort)",
            type: Int(NFNL_SUBSYS_CTNETLINK) << 8 | Int(IPCTNL_MSG_CT_DELETE.rawValue), body: body)
    }
}

internal import CMnl
internal import Glibc

/// A network interface as the kernel describes it. Fields that a kernel does not send have the value the kernel gives them by default.
package struct Link: Hashable, Sendable {
    package var index: UInt32
    package var name: String
    /// `IFF_UP` and the other flags of netdevice(7).
    package var flags: UInt32
    package var mtu: UInt32 = 0
    /// Nil when the link has no six-byte address.
    package var address: MACAddress?
    /// `veth`, `bridge`, …; nil for physical links and `lo`.
    package var kind: String?
    /// Index of the bridge or bond that the link belongs to.
    package var master: UInt32?
    /// For a veth its peer's index, in the peer's namespace (`IFLA_LINK`).
    package var linkIndex: UInt32?
    /// The local number of the peer's namespace when that is another one (`IFLA_LINK_NETNSID`).
    package var linkNamespaceID: Int32?
    /// Link group (`IFLA_GROUP`), 0 by default.
    package var group: UInt32 = 0
    /// Of a VXLAN end point.
    package var vxlan: VXLANSettings?

    /// Administratively up.
    package var isUp: Bool { flags & UInt32(IFF_UP) != 0 }
    /// Up, and the driver sees a carrier.
    package var isRunning: Bool { flags & UInt32(IFF_RUNNING) != 0 }
    package var isLoopback: Bool { flags & UInt32(IFF_LOOPBACK) != 0 }
}

extension Link {
    /// Parses the payload of an `RTM_NEWLINK` or `RTM_DELLINK` message.
    init(payload: RawSpan) throws {
        let header = try payload.load(ifinfomsg.self, at: 0)
        guard header.ifi_index > 0 else { throw MalformedMessage() }
        self.init(index: UInt32(header.ifi_index), name: "", flags: header.ifi_flags)
        try forEachAttribute(in: payload, from: MemoryLayout<ifinfomsg>.size) { type, value in
            switch type {
            case IFLA_IFNAME: name = value.text
            case IFLA_MTU: mtu = try value.load(UInt32.self, at: 0)
            case IFLA_ADDRESS: address = MACAddress(bytes: value.array)
            case IFLA_MASTER: master = try value.load(UInt32.self, at: 0)
            case IFLA_LINK: linkIndex = try value.load(UInt32.self, at: 0)
            case IFLA_LINK_NETNSID: linkNamespaceID = try value.load(Int32.self, at: 0)
            case IFLA_GROUP: group = try value.load(UInt32.self, at: 0)
            case IFLA_LINKINFO:
                kind = try Self.kind(value)
                if kind == "vxlan" { vxlan = try VXLANSettings(information: value) }
            default: break
            }
        }
    }

    private static func kind(_ information: RawSpan) throws -> String? {
        var kind: String?
        try forEachAttribute(in: information) { type, value in
            if type == IFLA_INFO_KIND { kind = value.text }
        }
        return kind
    }
}

internal import Netlink
internal import Nftables

/// The instance's second nftables table, which leads ports of the node to sandboxes. Pure.
///
/// Its rules look the packet up in maps, so a packet costs the same with one host port as with a thousand, and a sandbox's entries come
/// and go without a change to any rule. It is there only once a sandbox has asked for a host port.
struct HostPortRules: Hashable, Sendable {
    let names: InstanceNames
    let plan: AddressPlan

    static func tableName(_ names: InstanceNames) -> String { "\(names.table)-ports" }
    private var tableName: String { Self.tableName(names) }

    /// The order of the lookups: an entry for one address of the node before one for all.
    ///
    /// - `guard`: a bridge with `route_localnet` would let pods talk to servers on the node's loopback addresses (CVE-2020-8558). No
    ///   packet on the wire may be for these; answers are not yet translated back where this hook is (nft(8): raw, before conntrack).
    /// - `prerouting`: from other machines and from pods. `output`: from the node itself, through 127.0.0.1 as well. Its priority is
    ///   dstnat's; nft(8) knows the name for prerouting only.
    /// - `postrouting`: a pod that answers another one does so past the node, and one that answers 127.0.0.1 answers itself; so these
    ///   two are made to come from the bridge.
    var table: NftablesTable {
        let families = plan.networks.map(\.family)
        let sources = plan.networks.map { network in
            network.family == .v4
                ? "    oifname \"\(names.bridge)\" ct status dnat ip saddr { 127.0.0.0/8, \(network) } masquerade"
                : "    oifname \"\(names.bridge)\" ct status dnat ip6 saddr \(network) masquerade"
        }
        return NftablesTable(
            name: tableName,
            content: """
                \(families.map(maps).joined(separator: "\n"))
                  chain guard {
                    type filter hook prerouting priority raw; policy accept;
                    iifname "\(names.bridge)" ip daddr 127.0.0.0/8 drop
                  }
                  chain prerouting {
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local jump ports
                  }
                  chain output {
                    type nat hook output priority -100; policy accept;
                    fib daddr type local jump ports
                  }
                  chain ports {
                \(families.map(lookups).joined(separator: "\n"))
                  }
                  chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                \(sources.joined(separator: "\n"))
                  }
                """)
    }

    private func maps(_ family: IPAddress.Family) -> String {
        let type = family == .v4 ? "ipv4_addr" : "ipv6_addr"
        return """
              map \(Self.map(family, ofAddress: true)) { type \(type) . inet_proto . inet_service : \(type) . inet_service; }
              map \(Self.map(family, ofAddress: false)) { type inet_proto . inet_service : \(type) . inet_service; }
            """
    }

    private func lookups(_ family: IPAddress.Family) -> String {
        let name = family == .v4 ? "ip" : "ip6"
        return """
                dnat \(name) to \(name) daddr . meta l4proto . th dport map @\(Self.map(family, ofAddress: true))
                dnat \(name) to meta l4proto . th dport map @\(Self.map(family, ofAddress: false))
            """
    }

    private static func map(_ family: IPAddress.Family, ofAddress: Bool) -> String {
        (ofAddress ? "addresses" : "ports") + (family == .v4 ? "4" : "6")
    }
}

extension HostPortRules {
    enum Change: String { case add, delete }

    /// Commands of one transaction that puts entries in or takes them out. Adding one that is there is no error; adding another with the
    /// same key is (EEXIST), and so is deleting one that is not there (ENOENT).
    func commands(_ change: Change, _ forwards: [HostPortForward]) -> String {
        forwards.map { forward in
            let key = forward.key
            let map = Self.map(key.family, ofAddress: key.address != nil)
            let address = key.address.map { "\($0) . " } ?? ""
            let data = change == .add ? " : \(forward.target) . \(forward.targetPort)" : ""
            return "\(change) element inet \(tableName) \(map) { \(address)\(key.transport.rawValue) . \(key.port)\(data) }"
        }.joined(separator: "\n")
    }

    /// One transaction after which the table holds these entries and no others.
    func replacement(_ forwards: [HostPortForward]) -> String {
        table.replacement + "\n" + commands(.add, forwards)
    }

    /// One transaction that makes the table with these entries where there is none.
    func creation(_ forwards: [HostPortForward]) -> String {
        table.definition + "\n" + commands(.add, forwards)
    }
}

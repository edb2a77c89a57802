internal import Nftables

/// What is in the proxy's table before there is any service: hooks, and maps that services enter. Pure.
///
/// Packets look the service up in maps, so a packet costs the same with one service as with ten thousand, and a service comes and goes without
/// a change to any rule of another.
struct BaseRules: Sendable {
    let configuration: ServiceProxyConfiguration

    /// kube-proxy's bit: the packet is to come from the node, so that answers come back through it.
    static let masqueradeMark = "0x4000"
    static let markForMasquerade = "meta mark set meta mark or \(masqueradeMark)"

    var table: NftablesTable { NftablesTable(name: configuration.table, content: content) }

    /// - `guard`: the bridge routes loopback addresses, so that node ports work on 127.0.0.1; no packet on the wire may be for these
    ///   (CVE-2020-8558).
    /// - `sources`: load balancers' source ranges, before anything is translated.
    /// - `prerouting`: packets of pods and of other machines; those of another instance's pods are its own proxy's. `output`: the node's own.
    /// - `refused`: what a service was asked for and no rule has translated: it has no endpoint for it.
    /// - `postrouting`: a pod that reaches itself through a service must not see its own address as the caller's.
    private var content: String {
        """
        \(maps(4))
        \(maps(6))
          chain guard {
            type filter hook prerouting priority raw; policy accept;
            iifname "\(configuration.bridge)" ip daddr 127.0.0.0/8 drop
          }
          chain sources {
            type filter hook prerouting priority dstnat - 10; policy accept;
        \(lookup("guarded"))
          }
          chain prerouting {
            type nat hook prerouting priority dstnat; policy accept;
            iifname "\(configuration.bridge)" jump services
            iifname != "\(configuration.siblingBridges)" jump services
          }
          chain output {
            type nat hook output priority -100; policy accept;
            jump services
          }
          chain services {
        \(marks)
        \(lookup("services"))
            fib daddr type local jump nodeports
          }
          chain nodeports {
        \(portLookup("nodeports"))
          }
          chain refuse {
            ct state != new return
        \(lookup("refused"))
            fib daddr type local jump refuseports
        \(refusals)
          }
          chain refuseports {
        \(portLookup("refusedports"))
          }
          chain rejecting {
            meta l4proto tcp reject with tcp reset
            reject
          }
          chain input {
            type filter hook input priority filter - 10; policy accept;
            jump refuse
          }
          chain forward {
            type filter hook forward priority filter - 10; policy accept;
            jump refuse
          }
          chain filteroutput {
            type filter hook output priority filter - 10; policy accept;
            oifname "\(configuration.bridge)" icmp type redirect drop
            oifname "\(configuration.bridge)" icmpv6 type nd-redirect drop
            jump refuse
          }
          chain postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            meta mark and \(Self.masqueradeMark) != 0 meta mark set meta mark xor \(Self.masqueradeMark) masquerade fully-random
            ct status dnat ip saddr . ip daddr @hairpin4 masquerade fully-random
            ct status dnat ip6 saddr . ip6 daddr @hairpin6 masquerade fully-random
          }
        """
    }

    private func maps(_ version: Int) -> String {
        let type = version == 4 ? "ipv4_addr" : "ipv6_addr"
        return """
              map services\(version) { type \(type) . inet_proto . inet_service : verdict; }
              map nodeports\(version) { type inet_proto . inet_service : verdict; }
              map refused\(version) { type \(type) . inet_proto . inet_service : verdict; }
              map refusedports\(version) { type inet_proto . inet_service : verdict; }
              map guarded\(version) { type \(type) . inet_proto . inet_service : verdict; }
              set hairpin\(version) { type \(type) . \(type); }
            """
    }

    private func lookup(_ map: String) -> String {
        """
            ip daddr . meta l4proto . th dport vmap @\(map)4
            ip6 daddr . meta l4proto . th dport vmap @\(map)6
        """
    }

    private func portLookup(_ map: String) -> String {
        """
            meta nfproto ipv4 meta l4proto . th dport vmap @\(map)4
            meta nfproto ipv6 meta l4proto . th dport vmap @\(map)6
        """
    }

    /// Who is no pod and asks for a cluster IP gets the node's address: pods of other nodes would answer past this one.
    private var marks: String {
        [true, false].compactMap { isIPv4 -> String? in
            let services = configuration.serviceCIDRs.filter { $0.isIPv4 == isIPv4 }.map(\.description)
            let pods = configuration.podCIDRs.filter { $0.isIPv4 == isIPv4 }.map(\.description)
            guard !services.isEmpty else { return nil }
            let family = isIPv4 ? "ip" : "ip6"
            let source = pods.isEmpty ? "" : "\(family) saddr != { \(pods.joined(separator: ", ")) } "
            return "    \(source)\(family) daddr { \(services.joined(separator: ", ")) } \(Self.markForMasquerade)"
        }.joined(separator: "\n")
    }

    /// TCP is refused by a reset: ICMP errors are rate-limited (icmp(7), icmp_ratelimit), so that many callers would wait a second or more.
    private var refusals: String {
        configuration.serviceCIDRs.map { "    \($0.isIPv4 ? "ip" : "ip6") daddr \($0) goto rejecting" }.joined(separator: "\n")
    }
}

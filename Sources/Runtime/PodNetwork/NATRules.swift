internal import LinuxSystem
internal import Netlink
internal import Nftables

/// The instance's nftables table. Pure.
struct NATRules: Hashable, Sendable {
    let names: InstanceNames
    let plan: AddressPlan
    /// Pods of the whole cluster.
    var clusterCIDRs: [IPPrefix] = []

    /// Pods' packets get the node's address when they leave the cluster's pod networks; pod to pod and multicast stay as they are. The forward
    /// chain says in this table that pods may be forwarded; a drop in somebody else's table still wins (nft(8), "verdict statements").
    /// The output chain keeps the node from telling pods a shorter way to each other, past itself (see ``Wiring``).
    var table: NftablesTable {
        let masquerade = plan.networks.map { network in
            let family = network.family == .v4 ? "ip" : "ip6"
            let multicast = network.family == .v4 ? "224.0.0.0/4" : "ff00::/8"
            let others = clusterCIDRs.map(\.network).filter { $0.family == network.family }
            let own = others.contains { $0.contains(network) } ? [] : [network]
            // A set takes no two networks of which one holds the other.
            let pods = (own + others.filter { other in !own.contains { $0.contains(other) } }).map(\.description)
            let kept = (pods + [multicast]).joined(separator: ", ")
            return "    \(family) saddr \(network) \(family) daddr != { \(kept) } oifname != \"\(names.bridge)\" masquerade"
        }
        return NftablesTable(
            name: names.table,
            content: """
                  chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                \(masquerade.joined(separator: "\n"))
                  }
                  chain output {
                    type filter hook output priority filter; policy accept;
                    oifname "\(names.bridge)" icmp type redirect drop
                    oifname "\(names.bridge)" icmpv6 type nd-redirect drop
                  }
                  chain forward {
                    type filter hook forward priority filter; policy accept;
                    iifname "\(names.bridge)" accept
                    oifname "\(names.bridge)" accept
                  }
                """)
    }

    /// Tables whose forward chain drops what it does not know, from the output of `list chains`. Docker's and firewalld's do.
    static func tablesDroppingForwarded(_ listing: String) -> [String] {
        var table = ""
        var found: [String] = []
        for line in listing.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "table" { table = words.dropFirst().prefix { $0 != "{" }.joined(separator: " ") }
            if line.contains("hook forward"), line.contains("policy drop") { found.append(table) }
        }
        return found
    }
}

extension PodNetwork {
    /// Makes the kernel's table the wanted one; asks the kernel first, as libnftables costs milliseconds to start.
    ///
    /// - Returns: Notices, see ``prepare()``.
    func rulesInPlace() throws -> [String] {
        let present = try? kernelTable()
        guard configuration.masquerade else {
            if present != nil { try nftables.remove(names.table) }
            return []
        }
        let wanted = NATRules(names: names, plan: plan, clusterCIDRs: configuration.clusterCIDRs).table
        if present?.comment == wanted.digest, present?.uses == 3 { return [] }
        defer { nftables.close() }
        do {
            // When another process has made it since the question above, each rule is there twice, which changes nothing for packets.
            if present == nil { try nftables.create(wanted) } else { try nftables.replace(wanted) }
        } catch {
            throw PodNetworkError(
                .unavailable,
                "set up source NAT for pods (mend: load the kernel modules nf_tables and nft_masq, or switch it off: masquerade=false)",
                cause: error)
        }
        let dropping = NATRules.tablesDroppingForwarded((try? nftables.run("list chains")) ?? "")
        return dropping.map {
            "nftables table \($0) drops forwarded packets by default: pods reach the outside only if it lets \(names.bridge) through"
        }
    }

    /// The instance's table, or nil when there is none.
    func kernelTable() throws -> NetfilterTable? {
        var socket = try NetlinkSocket(.netfilter)
        return try socket.netfilterTable(names.table)
    }
}

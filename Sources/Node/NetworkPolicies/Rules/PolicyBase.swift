internal import Netlink
internal import Nftables

/// What is in the table before there is any policy: hooks, and maps that isolated pods enter. Pure.
///
/// A packet looks its two ends up, so it costs the same with one pod as with ten thousand; one that is not isolated costs nothing more.
///
/// - `egress`, `ingress`: packets from a pod to somebody who is not this node, then packets to a pod. Two hooks, since both ends must allow it:
///   an `accept` ends only its own hook's chain. Services' addresses have been translated by then: policies are about pods.
/// - What the node itself sends, probes for instance, passes neither, as Kubernetes wants it. What is for the node passes neither as well,
///   but for ``NodeServer``s.
/// - A connection that stands goes on, whatever comes: policies are about who may open one. (Upstream leaves this to the implementation.)
/// - `itself`: a pod that calls itself by a service.
struct PolicyBase: Sendable {
    let configuration: NetworkPoliciesConfiguration
    let families: [IPAddress.Family]

    var table: NftablesTable { NftablesTable(name: configuration.table, content: content) }

    static func map(_ direction: Direction, _ family: IPAddress.Family) -> String { "\(direction.rawValue)\(family.version)" }
    static func itself(_ family: IPAddress.Family) -> String { "itself\(family.version)" }

    /// Before filters of others at the usual priority: what a policy refuses shall not be in their logs and counts as let through.
    private var content: String {
        """
        \(families.map(collections).joined(separator: "\n"))
          chain egress {
            type filter hook forward priority filter - 6; policy accept;
        \(Self.standing)
        \(families.map { "    \($0.keyword) saddr . \($0.keyword) daddr @\(Self.itself($0)) accept" }.joined(separator: "\n"))
        \(families.map { lookup(.egress, $0) }.joined(separator: "\n"))
          }
          chain ingress {
            type filter hook forward priority filter - 5; policy accept;
        \(Self.standing)
        \(families.map { "    \($0.keyword) saddr . \($0.keyword) daddr @\(Self.itself($0)) accept" }.joined(separator: "\n"))
        \(families.map { lookup(.ingress, $0) }.joined(separator: "\n"))
          }
          chain node {
            type filter hook input priority filter - 5; policy accept;
        \(Self.standing)
        \(servers.joined(separator: "\n"))
          }
        """
    }

    /// Of packets of connections that stand. One that opens a connection never is such: a connection that was aborted by its server is still known
    /// for ten seconds, and a client that takes the same port again would go on with it.
    private static let standing = """
            ct state related accept
            ct state established meta l4proto != tcp accept
            ct state established tcp flags & (fin | syn | rst | ack) != syn accept
        """

    private func collections(_ family: IPAddress.Family) -> String {
        """
          map \(Self.map(.egress, family)) { type \(family.type) : verdict; }
          map \(Self.map(.ingress, family)) { type \(family.type) : verdict; }
          set \(Self.itself(family)) { type \(family.type) . \(family.type); }
        """
    }

    private func lookup(_ direction: Direction, _ family: IPAddress.Family) -> String {
        "    \(family.keyword) \(direction == .egress ? "saddr" : "daddr") vmap @\(Self.map(direction, family))"
    }

    private var servers: [String] {
        configuration.nodeServers.flatMap { server in
            server.addresses.compactMap { IPAddress($0) }.filter { families.contains($0.family) }.flatMap { address in
                server.ports.map { port in
                    let (family, transport) = (address.family.keyword, port.transport.lowercased())
                    return "    iifname \"\(configuration.bridge)\" \(family) daddr \(address) \(transport) dport \(port.number) "
                        + "\(family) saddr vmap @\(Self.map(.egress, address.family))"
                }
            }
        }
    }
}

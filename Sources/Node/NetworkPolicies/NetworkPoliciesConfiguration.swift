/// What network policies have to know of their node.
package struct NetworkPoliciesConfiguration: Sendable {
    /// What becomes of a packet that no policy allows.
    package enum Refusal: Sendable {
        /// It is lost, as with most other implementations: the sender waits until its time is out.
        case drop
        /// The sender is told at once: "connection refused" over TCP, else by ICMP that it is prohibited.
        case reject
    }

    /// Pods of this node are isolated here, those of others there.
    package var nodeName: String
    /// The nftables table, of the family `inet`; all of it is the policies'.
    package var table: String
    /// The link that this node's pods are behind.
    package var bridge: String
    /// Families of pods' addresses.
    package var hasIPv4 = true
    package var hasIPv6 = false
    package var refusal = Refusal.drop
    package var nodeServers: [NodeServer] = []

    package init(nodeName: String, table: String, bridge: String) {
        (self.nodeName, self.table, self.bridge) = (nodeName, table, bridge)
    }
}

/// A server in the node's own process that elsewhere is one in a pod: the cluster's DNS. Whoever is isolated needs a policy to reach it, as
/// anywhere; without this it would be the node, which every pod may reach.
package struct NodeServer: Hashable, Sendable {
    package struct Port: Hashable, Sendable {
        package var name: String
        package var transport: String
        package var number: UInt16
    }
    /// What peers of policies see.
    package var namespace: String
    package var name: String
    package var labels: [String: String]
    package var addresses: [String]
    package var ports: [Port]

    /// The cluster's DNS server as the usual one: labels and names of ports that people's policies name.
    package static func clusterDNS(addresses: [String]) -> NodeServer {
        NodeServer(
            namespace: "kube-system", name: "(cluster DNS)", labels: ["k8s-app": "kube-dns"], addresses: addresses,
            ports: [Port(name: "dns", transport: "UDP", number: 53), Port(name: "dns-tcp", transport: "TCP", number: 53)])
    }
}

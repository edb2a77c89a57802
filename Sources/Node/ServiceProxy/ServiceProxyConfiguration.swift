package import APIMachinery

/// What the service proxy has to know of its node.
package struct ServiceProxyConfiguration: Sendable {
    /// Endpoints of this node are local ones.
    package var nodeName: String
    /// The nftables table, of the family `inet`; all of it is the proxy's.
    package var table: String
    /// The link that this node's pods are behind.
    package var bridge: String
    /// The bridges of instances on the same machine, as a pattern of nft(8): their pods' packets are their own proxies' affair.
    package var siblingBridges = "swl-*"
    /// Pods of the whole cluster; what comes from elsewhere to a cluster IP is made to come from the node.
    package var podCIDRs: [IPNetwork]
    /// Nothing but services has addresses in these: what is left for them after translation is refused.
    package var serviceCIDRs: [IPNetwork]

    /// Where load balancers ask for services' health, at each one's port.
    package var healthCheckHost = "0.0.0.0"

    package init(nodeName: String, table: String, bridge: String, podCIDRs: [IPNetwork], serviceCIDRs: [IPNetwork]) {
        (self.nodeName, self.table, self.bridge) = (nodeName, table, bridge)
        (self.podCIDRs, self.serviceCIDRs) = (podCIDRs, serviceCIDRs)
    }
}

/// A network in CIDR notation.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package let isIPv4: Bool
    private let bytes: [UInt8]
    private let length: Int

    /// Reads `10.96.0.0/16`, `fd00::/64`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
            (0...address.bytes.count * 8).contains(length)
        else { return nil }
        description = "\(address)/\(length)"
        isIPv4 = address.isIPv4
        (bytes, self.length) = (address.bytes, length)
    }

    /// An address of it.
    var first: String { "\(IPAddress(bytes: bytes))" }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == bytes.count else { return false }
        return bytes.indices.allSatisfy { index in
            let kept = min(8, max(0, length - index * 8))
            return kept == 0 || (bytes[index] ^ address.bytes[index]) >> UInt8(8 - kept) == 0
        }
    }
}

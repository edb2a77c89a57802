/// Where load balancers' addresses come from.
package enum LoadBalancerAddresses: Hashable, Sendable {
    /// The nodes' own: services with different ports share them.
    case nodes
    /// Each service gets one of its own.
    case pool(AddressPool)

    /// Reads `nodes` or a pool.
    package init(parsing text: String) throws(AddressPoolError) {
        self = text == "nodes" ? .nodes : .pool(try AddressPool(parsing: text))
    }
}

/// A port of an address that one service can have.
package struct BalancedPort: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var number: Int32
    /// `TCP`, `UDP`, `SCTP`.
    package var transport: String

    package init(number: Int32, transport: String) { (self.number, self.transport) = (number, transport) }

    /// `80/TCP`
    package var description: String { "\(number)/\(transport)" }

    package static func < (left: BalancedPort, right: BalancedPort) -> Bool {
        (left.number, left.transport) < (right.number, right.transport)
    }
}

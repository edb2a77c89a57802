package import KubernetesClient

/// A packet that opens a connection, as a node sees it before it translates anything.
package struct ServicePacket: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        case pod, node, outside
    }
    package var source: Source
    package var sourceAddress: String
    package var destination: String
    package var port: UInt16
    /// `tcp`, `udp` or `sctp`.
    package var transport: String

    package init(from source: Source, _ sourceAddress: String, to destination: String, port: UInt16, transport: String) {
        (self.source, self.sourceAddress) = (source, sourceAddress)
        (self.destination, self.port, self.transport) = (destination, port, transport)
    }
}

/// What the service proxy of a node does with a packet.
package enum ServiceDecision: Hashable, Sendable {
    /// It is for no service.
    case passes
    case translated(ServiceWay)
    /// The sender is told at once.
    case refused(String)
    /// The sender hears nothing.
    case dropped(String)
}

/// How packets for a service go on.
package struct ServiceWay: Hashable, Sendable {
    package struct Target: Hashable, Sendable {
        package var address: String
        package var port: UInt16
    }
    package var service: ObjectKey
    /// Of the service; empty when it has none.
    package var port: String
    /// What the packet was sent to: `cluster IP`, `node port`, `external IP`, `load balancer`.
    package var entry: String
    /// The chain that chooses, in the proxy's table.
    package var chain: String
    /// One of these gets it.
    package var targets: [Target]
    /// Whether targets see the node's address for the sender's; a pod that reaches itself does in any case.
    package var isMasqueraded: Bool
    /// How long a client stays with its target; nil: each connection goes anywhere.
    package var affinitySeconds: Int32?

    /// `default/web:http`
    package var name: String { port.isEmpty ? service.description : "\(service):\(port)" }
}

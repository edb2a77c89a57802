package import Netlink

/// A port of the node that leads to a port of a sandbox.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    package enum Transport: String, Hashable, Sendable { case tcp, udp, sctp }

    package var transport: Transport
    /// Of the node, 1...65535.
    package var port: UInt16
    /// Of the node; nil: all of its addresses. The unspecified address stands for all of its family.
    package var address: IPAddress?
    /// Of the sandbox, 1...65535.
    package var sandboxPort: UInt16

    package init(_ transport: Transport, port: UInt16, address: IPAddress? = nil, sandboxPort: UInt16) {
        (self.transport, self.port, self.address, self.sandboxPort) = (transport, port, address, sandboxPort)
    }

    package var description: String {
        let place = address.map { $0.family == .v4 ? "\($0):" : "[\($0)]:" } ?? ""
        return "\(place)\(port)/\(transport.rawValue)"
    }
}

/// One entry of the kernel's maps: packets to `key` go to `target`.
struct HostPortForward: Hashable, Sendable {
    struct Key: Hashable, Sendable {
        var family: IPAddress.Family
        var transport: HostPort.Transport
        /// nil: all of the node's addresses of the family.
        var address: IPAddress?
        var port: UInt16

        /// Whether there is a packet that both would take.
        func overlaps(_ other: Key) -> Bool {
            family == other.family && transport == other.transport && port == other.port
                && (address == other.address || address == nil || other.address == nil)
        }
    }
    var key: Key
    var target: IPAddress
    var targetPort: UInt16
}

extension HostPortForward {
    /// The entries for a host port: one for each family that both the node's address and the sandbox have.
    ///
    /// - Throws: ``PodNetworkError/Code/failed`` when there is no such family.
    static func all(_ port: HostPort, to addresses: [IPAddress]) throws(PodNetworkError) -> [HostPortForward] {
        let targets = addresses.filter { target in port.address.map { $0.family == target.family } ?? true }
        guard !targets.isEmpty else {
            throw PodNetworkError(.failed, "host port \(port): the sandbox has no address of this family")
        }
        let address = port.address.flatMap { $0.isUnspecified ? nil : $0 }
        return targets.map { target in
            HostPortForward(
                key: Key(family: target.family, transport: port.transport, address: address, port: port.port),
                target: target, targetPort: port.sandboxPort)
        }
    }
}

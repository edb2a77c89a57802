/// An address with a prefix length, as `10.244.0.7/24`: a network, or one interface's address in it.
package struct IPPrefix: Hashable, Sendable {
    package let address: IPAddress
    /// Bits of the network part, 0...32 or 0...128.
    package let length: Int

    /// Nil when the length does not fit the family.
    package init?(_ address: IPAddress, length: Int) {
        guard (0...address.family.bitWidth).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    package var family: IPAddress.Family { address.family }
    /// Bits of the host part.
    package var hostBits: Int { family.bitWidth - length }

    /// The same network with the host bits zero.
    package var network: IPPrefix { with(address.value & ~hostMask) }
    /// True when no host bit is set, as a route's destination must be.
    package var isNetwork: Bool { address.value & hostMask == 0 }

    package func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.value & ~hostMask == address.value & ~hostMask
    }

    /// True when every address of `other` is in this network.
    package func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.address) }

    package func overlaps(_ other: IPPrefix) -> Bool { contains(other) || other.contains(self) }

    /// The network's `offset`-th address (0 is the network's own) with this prefix length; nil beyond its end.
    package func host(_ offset: UInt128) -> IPPrefix? {
        offset > hostMask ? nil : with(address.value & ~hostMask | offset)
    }

    /// Where an address lies in the network, counted from its first address; nil when outside.
    package func offset(of other: IPAddress) -> UInt128? { contains(other) ? other.value & hostMask : nil }

    /// All addresses of the network, the network's own and the broadcast address included.
    package var addresses: some Sequence<IPAddress> {
        let first = network.address
        return sequence(first: first.value) { [last = first.value | hostMask] in $0 == last ? nil : $0 + 1 }
            .lazy.map { IPAddress(first.family, $0) }
    }

    private var hostMask: UInt128 { hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1 }
    private func with(_ value: UInt128) -> IPPrefix { IPPrefix(IPAddress(family, value), length: length) ?? self }
}

extension IPPrefix: CustomStringConvertible, LosslessStringConvertible {
    /// Parses `10.244.0.0/24`: an address, a slash, a decimal length without sign or leading zero.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = UInt8(parts[1]) else { return nil }
        guard String(length) == parts[1] else { return nil }
        self.init(address, length: Int(length))
    }

    package var description: String { "\(address)/\(length)" }
}

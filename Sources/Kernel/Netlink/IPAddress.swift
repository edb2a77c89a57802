/// An IPv4 or IPv6 address as a number; `::ffff:1.2.3.4` stays IPv6. No scope id.
package struct IPAddress: Hashable, Sendable {
    package enum Family: Hashable, Sendable { case v4, v6 }

    package let family: Family
    /// The address as a number: the lowest 32 bits in IPv4, all 128 in IPv6.
    package let value: UInt128

    /// An IPv4 address from its 32-bit number, `0x7f000001` being 127.0.0.1.
    package init(v4 value: UInt32) { self.init(.v4, UInt128(value)) }

    /// An IPv6 address from its 128-bit number.
    package init(v6 value: UInt128) { self.init(.v6, value) }

    init(_ family: Family, _ value: UInt128) {
        precondition(family == .v6 || value <= UInt32.max, "an IPv4 address has 32 bits")
        self.family = family
        self.value = value
    }

    /// From network byte order; nil unless there are exactly 4 or 16 bytes.
    package init?(bytes: some Collection<UInt8>) {
        let value = bytes.reduce(UInt128(0)) { $0 &<< 8 | UInt128($1) }
        switch bytes.count {
        case 4: self.init(.v4, value)
        case 16: self.init(.v6, value)
        default: return nil
        }
    }

    /// In network byte order: 4 or 16 bytes.
    package var bytes: [UInt8] {
        stride(from: family.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt128($0)) }
    }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { family == .v4 ? value >> 24 == 127 : value == 1 }
    /// 169.254.0.0/16 or fe80::/10.
    package var isLinkLocal: Bool { family == .v4 ? value >> 16 == 0xa9fe : value >> 118 == 0x3fa }
    /// 0.0.0.0 or ::.
    package var isUnspecified: Bool { value == 0 }
}

extension IPAddress.Family {
    /// Bits of an address, 32 or 128.
    package var bitWidth: Int { self == .v4 ? 32 : 128 }
}

/// IPv4 before IPv6, then by number.
extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.family == right.family ? left.value < right.value : left.family == .v4
    }
}

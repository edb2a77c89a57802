internal import Netlink

/// A pod's number in the pod CIDR: 0 is the network, 1 the gateway, pods begin at 2. One number gives a pod's address in each family,
/// its MAC address and its link's name.
struct HostNumber: Hashable, Sendable, Comparable, RawRepresentable {
    let rawValue: UInt16
    static let gateway = HostNumber(rawValue: 1)
    static func < (left: HostNumber, right: HostNumber) -> Bool { left.rawValue < right.rawValue }
}

/// How host numbers become addresses. Pure.
struct AddressPlan: Hashable, Sendable {
    /// One, or one of each family; host bits zero.
    let networks: [IPPrefix]
    /// The numbers that pods may have.
    let hosts: ClosedRange<UInt16>

    init(_ cidrs: [IPPrefix]) throws(PodNetworkError) {
        networks = cidrs.map(\.network)
        guard let first = networks.first else { throw Self.invalid("none given", "one IPv4 or IPv6 network") }
        guard Set(networks.map(\.family)).count == networks.count else {
            throw Self.invalid(Self.list(networks), "at most one network of each family")
        }
        for network in networks where network.hostBits < 2 || network.address.isUnspecified {
            throw Self.invalid("\(network)", "a network with room for the gateway and a pod, such as 10.244.0.0/24")
        }
        let last = networks.map(Self.lastHost).min() ?? 0
        // A shorter second network could not give every pod its number's address.
        guard last == Self.lastHost(first) else {
            throw Self.invalid(Self.list(networks), "the second network at least as large as the first")
        }
        hosts = 2...last
    }

    func addresses(_ number: HostNumber) -> [IPPrefix] {
        networks.compactMap { $0.host(UInt128(number.rawValue)) }
    }

    var gateways: [IPPrefix] { addresses(.gateway) }

    /// The address that names the reservation.
    func primary(_ number: HostNumber) -> IPAddress {
        guard let address = networks[0].host(UInt128(number.rawValue)) else { preconditionFailure("numbers fit the network") }
        return address.address
    }

    /// The pod number of a primary address; nil when no pod can have it.
    func number(of address: IPAddress) -> HostNumber? {
        guard let offset = networks[0].offset(of: address), let number = UInt16(exactly: offset) else { return nil }
        return hosts.contains(number) ? HostNumber(rawValue: number) : nil
    }

    func mac(_ number: HostNumber) -> MACAddress { MACAddress(for: primary(number)) }

    /// IPv4's last address is its broadcast address. At most 65534 numbers, whatever the network's size.
    private static func lastHost(_ network: IPPrefix) -> UInt16 {
        let count = UInt128(1) << UInt128(min(network.hostBits, 16))
        return UInt16(count - 2)
    }

    private static func invalid(_ value: String, _ right: String) -> PodNetworkError {
        PodNetworkError(.invalidConfiguration, "pod CIDR: \(value): must be \(right)")
    }

    private static func list(_ networks: [IPPrefix]) -> String { networks.map(\.description).joined(separator: ",") }
}

/// Names in the kernel that belong to one instance. Link names have at most 15 bytes, so a hash stands for the instance.
struct InstanceNames: Hashable, Sendable {
    /// `swl-` and eight hexadecimal digits.
    let bridge: String
    /// Of the nftables table, family `inet`.
    let table: String
    /// Link group of the instance's bridge and veths, so that all can be deleted in one request. Never 0.
    let group: UInt32
    /// The link that leads to pods of nodes elsewhere.
    let tunnel: String
    /// The metric of routes to other nodes' pods, by which an instance knows its own.
    let routeMetric: UInt32
    private let linkPrefix: String

    init(instance: String) {
        let hash = Self.fnv1a(instance)
        let digits = Self.hexadecimal(hash, digits: 8)
        bridge = "swl-\(digits)"
        table = bridge
        linkPrefix = "swl\(digits)"
        tunnel = "swx-\(digits)"
        // High: where somebody else has a route of his own to the same place, his holds.
        routeMetric = hash | 0x4000_0000
        group = hash | 0x8000_0000  // away from 0 and from the small numbers that people pick
    }

    /// The host's end of a pod's veth pair: `swl`, the instance's hash, the pod's host number.
    func hostLink(_ number: HostNumber) -> String {
        linkPrefix + Self.hexadecimal(UInt32(number.rawValue), digits: 4)
    }

    /// The pod's host number, when the link is one of this instance's.
    func hostNumber(ofLink name: String) -> HostNumber? {
        guard name.hasPrefix(linkPrefix), name.utf8.count == linkPrefix.utf8.count + 4 else { return nil }
        guard let value = UInt16(name.dropFirst(linkPrefix.count), radix: 16) else { return nil }
        let number = HostNumber(rawValue: value)
        return hostLink(number) == name ? number : nil  // no sign, no capitals
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// FNV-1a, 32 bits: the same in every process, unlike `Hasher`.
    private static func fnv1a(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}

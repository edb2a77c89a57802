internal import APIMachinery

/// A range of addresses: `10.0.0.0/8`.
struct CIDR {
    let address: IPAddress
    let prefixLength: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])),
            !parts[1].isEmpty, parts[1].utf8.allSatisfy({ $0 &- 0x30 < 10 }), let length = Int(parts[1]),
            length <= address.bytes.count * 8
        else { return nil }
        self.address = address
        prefixLength = length
    }

    /// Whether no bit is set beyond the prefix.
    var isTrimmed: Bool {
        for bit in prefixLength..<(address.bytes.count * 8) {
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            if address.bytes[bit / 8] & mask != 0 { return false }
        }
        return true
    }

    func contains(_ other: CIDR) -> Bool {
        guard other.address.isIPv4 == address.isIPv4, other.prefixLength >= prefixLength else { return false }
        for bit in 0..<prefixLength {
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            let difference: UInt8 = address.bytes[bit / 8] ^ other.address.bytes[bit / 8]
            if difference & mask != 0 { return false }
        }
        return true
    }
}

extension Validator {
    static let cidrForm = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

    /// - Parameter trimmed: Whether bits beyond the prefix are refused.
    mutating func cidr(_ field: JSONField, trimmed: Bool) {
        guard let range = CIDR(field.string) else { return invalid(field, Self.cidrForm) }
        if trimmed, !range.isTrimmed { invalid(field, "must not have bits set beyond the prefix length") }
    }

    mutating func serviceCIDR(_ object: JSONField) {
        let ranges = object["spec", "cidrs"]
        if ranges.items.isEmpty { return report(.required(ranges.path, "at least one CIDR required")) }
        if ranges.items.count > 2 {
            return report(.invalid(ranges.path, ranges.shown, "may only hold up to 2 values"))
        }
        for range in ranges.items {
            cidr(range, trimmed: true)
        }
        let families = ranges.strings.compactMap { CIDR($0)?.address.isIPv4 }
        if families.count == 2, families[0] == families[1] {
            invalid(ranges, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64")
        }
    }

    mutating func serviceCIDRUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["spec", "cidrs"], old["spec", "cidrs"])
    }

    mutating func ipAddressObject(_ object: JSONField) {
        let parent = object["spec", "parentRef"]
        guard parent.isSet else { return report(.required(parent.path)) }
        required(parent["resource"])
        required(parent["name"])
    }

    mutating func ipAddressUpdate(_ new: JSONField, _ old: JSONField) {
        immutable(new["spec", "parentRef"], old["spec", "parentRef"])
    }
}

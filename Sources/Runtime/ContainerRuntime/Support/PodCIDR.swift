internal import Netlink

/// Networks of pods as a user writes them: `10.244.0.0/24`.
enum PodCIDR {
    static func parse(_ text: String) throws(SpecError) -> IPPrefix {
        guard let prefix = IPPrefix(text) else {
            throw SpecError("pod CIDR \"\(text)\": must be an address and a prefix length, such as 10.244.0.0/24")
        }
        return prefix
    }
}

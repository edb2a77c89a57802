internal import Glibc
internal import LinuxSystem
internal import Netlink

extension Machine {
    /// The node's addresses that others can reach, one of each family, IPv4 first; without loopback, link-local ones and the pods' bridges.
    static var addresses: [String] {
        guard var socket = try? NetlinkSocket(.route), let all = try? socket.addresses(), let links = try? socket.links() else { return [] }
        let bridges = Set(links.filter { $0.kind == "bridge" || $0.name == "lo" }.map(\.index))
        let candidates = all.filter { !bridges.contains($0.linkIndex) }.map(\.prefix.address).filter { !$0.isLinkLocal && !$0.isLoopback }
        return [IPAddress.Family.v4, .v6].compactMap { family in candidates.first { $0.family == family } }.map { "\($0)" }
    }

    /// Bytes, from the names of /sys/kernel/mm/hugepages/hugepages-2048kB.
    static var hugePageSizes: [Int64] {
        let names = (try? Files.names(in: "/sys/kernel/mm/hugepages")) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("hugepages-"), name.hasSuffix("kB") else { return nil }
            return Int64(name.dropFirst("hugepages-".count).dropLast(2)).map { $0 << 10 }
        }.sorted()
    }
}

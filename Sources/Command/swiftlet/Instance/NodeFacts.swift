internal import Glibc
internal import LinuxSystem
internal import Netlink

extension Machine {
    /// The node's addresses that others can reach, IPv4 first, without loopback and the pods' own bridge.
    static var addresses: [String] {
        guard var socket = try? NetlinkSocket(.route), let all = try? socket.addresses(), let links = try? socket.links() else { return [] }
        let bridges = Set(links.filter { $0.kind == "bridge" || $0.name == "lo" }.map(\.index))
        return all.filter { !bridges.contains($0.linkIndex) }.map { "\($0.prefix.address)" }.sorted {
            !$0.contains(":") && $1.contains(":")
        }
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

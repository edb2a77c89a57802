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

    /// Page size in bytes → bytes of all its pages: /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages (hugetlbpage.rst).
    static var hugePages: [Int64: Int64] {
        let folder = "/sys/kernel/mm/hugepages"
        var pages: [Int64: Int64] = [:]
        for name in (try? Files.names(in: folder)) ?? [] where name.hasPrefix("hugepages-") && name.hasSuffix("kB") {
            guard let kibibytes = Int64(name.dropFirst("hugepages-".count).dropLast(2)) else { continue }
            let count = Int64(text(of: "\(folder)/\(name)/nr_hugepages").filter(\.isNumber)) ?? 0
            pages[kibibytes << 10] = (kibibytes << 10) * count
        }
        return pages
    }
}

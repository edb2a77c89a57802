internal import Glibc
internal import Kubelet
internal import LinuxSystem
internal import Netlink

extension Machine {
    /// - Parameter storage: A directory of the file system that holds the pods' directories.
    static func facts(storage: String) -> NodeFacts {
        var facts = NodeFacts()
        facts.memoryBytes = memoryBytes
        facts.milliCPU = processorCount * 1000
        facts.ephemeralStorageBytes = fileSystemBytes(of: storage)
        facts.hugePages = hugePages
        facts.identity = identity
        facts.maxPIDs = ["pid_max", "threads-max"].compactMap { Int64(line(of: "/proc/sys/kernel/\($0)")) }.min() ?? 0
        return facts
    }

    private static func fileSystemBytes(of path: String) -> Int64 {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return 0 }
        return Int64(clamping: status.f_blocks) * Int64(clamping: status.f_frsize)
    }

    private static var identity: NodeIdentity {
        var identity = NodeIdentity()
        identity.machineID = line(of: "/etc/machine-id")
        let product = line(of: "/sys/class/dmi/id/product_uuid")
        identity.systemUUID = product.isEmpty ? identity.machineID : product
        identity.bootID = line(of: "/proc/sys/kernel/random/boot_id")
        identity.kernelVersion = line(of: "/proc/sys/kernel/osrelease")
        identity.osImage = osImage
        identity.containerRuntimeVersion = "swiftlet://\(Version.number)"
        identity.kubeletVersion = Version.kubernetes
        #if arch(arm64)
            identity.architecture = "arm64"
        #else
            identity.architecture = "amd64"
        #endif
        identity.swapBytes = swapBytes
        return identity
    }

    private static func line(of path: String) -> String {
        text(of: path).split(separator: "\n").first.map { String($0).trimmed } ?? ""
    }

    /// os-release(5).
    private static var osImage: String {
        for line in text(of: "/etc/os-release").split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return String(line.dropFirst("PRETTY_NAME=".count)).filter { $0 != "\"" }
        }
        return "Linux"
    }

    private static var swapBytes: Int64 {
        for line in text(of: "/proc/meminfo").split(separator: "\n") where line.hasPrefix("SwapTotal:") {
            return (Int64(line.filter(\.isNumber)) ?? 0) << 10
        }
        return 0
    }

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

extension String {
    fileprivate var trimmed: String { String(drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed()) }
}

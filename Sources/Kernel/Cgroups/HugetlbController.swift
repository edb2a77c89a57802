/// A limit for huge pages of one size.
package struct HugepageLimit: Sendable, Hashable {
    /// A power of two that the machine has, for example 2 MiB.
    package var pageBytes: UInt64
    package var limitBytes: UInt64

    package init(pageBytes: UInt64, limitBytes: UInt64) {
        self.pageBytes = pageBytes
        self.limitBytes = limitBytes
    }
}

/// The hugetlb controller: how many bytes of huge pages of each size.
package enum HugetlbController {
    static func appendWrites(for resources: CgroupResources, to writes: inout [CgroupWrite]) {
        for limit in resources.hugepageLimits {
            let size = name(pageBytes: limit.pageBytes)
            // The reservation is charged when the memory is mapped, so that the program is refused by mmap(2)
            // instead of killed by SIGBUS when it touches the page; the fault limit holds what is mapped without reserving.
            writes.append(CgroupWrite("hugetlb.\(size).rsvd.max", String(limit.limitBytes)))
            writes.append(CgroupWrite("hugetlb.\(size).max", String(limit.limitBytes)))
        }
    }

    /// The size in the kernel's file names: `2MB`, `1GB`, `64KB`: powers of 1024 despite the letters.
    package static func name(pageBytes: UInt64) -> String {
        switch pageBytes {
        case (1 << 30)...: "\(pageBytes >> 30)GB"
        case (1 << 20)...: "\(pageBytes >> 20)MB"
        default: "\(pageBytes >> 10)KB"
        }
    }

    /// Every page size of the machine gets a limit: what was asked for, else 0.
    package static func limits(requested: [HugepageLimit], pageSizesBytes: [UInt64]) -> [HugepageLimit] {
        let others = pageSizesBytes.filter { size in !requested.contains { $0.pageBytes == size } }
        return requested + others.sorted().map { HugepageLimit(pageBytes: $0, limitBytes: 0) }
    }
}

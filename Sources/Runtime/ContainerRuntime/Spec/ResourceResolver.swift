package import CRI
package import Cgroups

extension CgroupResources {
    /// The container's limits in the words of cgroups. CRI's zeros mean "not said".
    package init(_ resources: LinuxContainerResources) throws(SpecError) {
        self.init()
        cpuShares = try Self.unsigned(resources.cpuShares, "cpu shares")
        cpuQuotaMicroseconds = CgroupLimit(orUnset: resources.cpuQuota)
        // A period without a quota says nothing that a new cgroup has not got.
        if resources.cpuQuota != 0 { cpuPeriodMicroseconds = try Self.unsigned(resources.cpuPeriod, "cpu period") }
        memoryLimitBytes = CgroupLimit(orUnset: resources.memoryLimitInBytes)
        memorySwapLimitBytes = CgroupLimit(orUnset: resources.memorySwapLimitInBytes)
        if !resources.cpusetCPUs.isEmpty { cpusetCPUs = resources.cpusetCPUs }
        if !resources.cpusetMems.isEmpty { cpusetMems = resources.cpusetMems }
        hugepageLimits = try resources.hugepageLimits.map { limit throws(SpecError) in
            Cgroups.HugepageLimit(pageBytes: try Self.pageBytes(limit.pageSize), limitBytes: limit.limit)
        }
        unified = resources.unified
    }

    private static func unsigned(_ value: Int64, _ what: String) throws(SpecError) -> UInt64? {
        guard value >= 0 else { throw SpecError("\(what) \(value): must not be negative") }
        return value == 0 ? nil : UInt64(value)
    }

    /// `64KB`, `2MB`, `1GB`: powers of 1024, as the kernel names its files.
    private static func pageBytes(_ text: String) throws(SpecError) -> UInt64 {
        for (suffix, shift) in [("KB", 10), ("MB", 20), ("GB", 30)] where text.hasSuffix(suffix) {
            if let number = UInt64(text.dropLast(2)), number > 0, number < 1 << 20 { return number << UInt64(shift) }
        }
        throw SpecError("huge page size \"\(text)\": must be a number and KB, MB or GB")
    }
}

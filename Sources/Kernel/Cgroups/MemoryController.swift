import Glibc
package import LinuxSystem

/// The memory controller: limits, protection, swap, and what the out-of-memory killer did.
package enum MemoryController {
    /// Swap alone, from memory and swap together (`memory.swap.max` of cgroup v2 from the CRI's v1 convention).
    ///
    /// - Returns: `nil` when the swap limit was not said.
    package static func swapLimitBytes(memoryAndSwap: CgroupLimit?, memory: CgroupLimit?) throws(InvalidCgroupResources)
        -> CgroupLimit?
    {
        switch (memoryAndSwap, memory) {
        case (nil, .max?): return .max  // no limit on memory lifts an older one on swap, as in v1
        case (nil, _): return nil
        case (.max?, _): return .max
        case (.value(let both)?, .value(let memory)?) where both >= memory: return .value(both - memory)
        case (.value(let both)?, .value(let memory)?):
            throw InvalidCgroupResources("memory and swap limit \(both) is less than memory limit \(memory)")
        case (.value(let both)?, _):
            throw InvalidCgroupResources("memory and swap limit \(both) needs a memory limit")
        }
    }

    /// The swap of a Burstable container under LimitedSwap: its share of the node's swap is that of its request in the node's memory.
    package static func limitedSwapBytes(requestBytes: UInt64, nodeMemoryBytes: UInt64, nodeSwapBytes: UInt64) -> UInt64 {
        guard nodeMemoryBytes > 0 else { return 0 }
        return UInt64(Double(requestBytes) / Double(nodeMemoryBytes) * Double(nodeSwapBytes))
    }

    /// `memory.high` under MemoryQoS: the request plus a part of what lies between it and the limit, in whole pages.
    ///
    /// - Parameter limitBytes: The container's limit, or the node's allocatable memory when it has none.
    /// - Returns: `nil` when request and limit are equal: then `memory.max` alone acts.
    package static func highBytes(
        requestBytes: UInt64, limitBytes: UInt64, throttlingFactor: Double = 0.9, pageBytes: UInt64 = 4096
    ) -> UInt64? {
        guard requestBytes < limitBytes else { return nil }
        let high = Double(requestBytes) + throttlingFactor * Double(limitBytes - requestBytes)
        return UInt64(high) / pageBytes * pageBytes
    }

    static func appendWrites(for resources: CgroupResources, to writes: inout [CgroupWrite])
        throws(InvalidCgroupResources)
    {
        let swap = try swapLimitBytes(memoryAndSwap: resources.memorySwapLimitBytes, memory: resources.memoryLimitBytes)
        if let group = resources.memoryOOMGroup { writes.append(CgroupWrite("memory.oom.group", group ? "1" : "0")) }
        if let min = resources.memoryMinBytes { writes.append(CgroupWrite("memory.min", String(min))) }
        if let low = resources.memoryLowBytes { writes.append(CgroupWrite("memory.low", String(low))) }
        if let high = resources.memoryHighBytes { writes.append(CgroupWrite("memory.high", high.description)) }
        // Swap first: else lowering the memory limit could push pages to a swap that is about to be forbidden.
        if let swap { writes.append(CgroupWrite("memory.swap.max", swap.description)) }
        if let limit = resources.memoryLimitBytes { writes.append(CgroupWrite("memory.max", limit.description)) }
    }

    /// Whether a memory file's absence leaves the value in force all the same: any swap limit, on a machine without swap.
    static func isVacuous(_ write: CgroupWrite) -> Bool {
        write.file == "memory.swap.max" && (write.value == "max" || !hasSwap())
    }

    /// /proc/swaps has a heading and a line for each swap area. No such file: no swap in this kernel.
    private static func hasSwap() -> Bool {
        let fd = unsafe open("/proc/swaps", O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return Errno.current != .noSuchFile }
        defer { _ = close(fd) }
        guard let text = try? readText(fd) else { return true }
        return text.split(separator: "\n").count > 1
    }
}

/// The content of `memory.events` or `memory.events.local`: how often a limit was met. They only grow.
package struct MemoryEvents: Sendable, Hashable {
    package var low: UInt64
    package var high: UInt64
    package var max: UInt64
    /// The limit was met and reclaim did not help.
    package var oom: UInt64
    /// Processes killed by the out-of-memory killer, whichever cgroup's limit was met.
    package var oomKill: UInt64
    /// Times that the whole group was killed together; Linux 5.17.
    package var oomGroupKill: UInt64?

    package init(parsing text: String) {
        let values = FlatKeyed(text)
        low = values["low"] ?? 0
        high = values["high"] ?? 0
        max = values["max"] ?? 0
        oom = values["oom"] ?? 0
        oomKill = values["oom_kill"] ?? 0
        oomGroupKill = values["oom_group_kill"]
    }
}

/// What the memory controller says of one cgroup.
package struct MemoryStatistics: Sendable, Hashable {
    package var currentBytes: UInt64
    /// The most that it ever was; Linux 5.19.
    package var peakBytes: UInt64?
    package var swapBytes: UInt64?
    /// From `memory.stat`.
    package var anonymousBytes: UInt64
    package var fileBytes: UInt64
    package var inactiveFileBytes: UInt64
    package var pageFaults: UInt64
    package var majorPageFaults: UInt64
    package var events: MemoryEvents

    /// What cannot be dropped at once: use minus inactive file pages (the kubelet's working set, for eviction).
    package var workingSetBytes: UInt64 { currentBytes > inactiveFileBytes ? currentBytes - inactiveFileBytes : 0 }

    init(current: String, peak: String?, swap: String?, stat: String, events: String) {
        let values = FlatKeyed(stat)
        currentBytes = singleValue(current) ?? 0
        peakBytes = peak.flatMap(singleValue)
        swapBytes = swap.flatMap(singleValue)
        anonymousBytes = values["anon"] ?? 0
        fileBytes = values["file"] ?? 0
        inactiveFileBytes = values["inactive_file"] ?? 0
        pageFaults = values["pgfault"] ?? 0
        majorPageFaults = values["pgmajfault"] ?? 0
        self.events = MemoryEvents(parsing: events)
    }
}

extension Cgroup {
    /// Events of this cgroup and all below it. A container's `oomKill` is read here: it may have cgroups of its own inside,
    /// and a kill counts in the victim's cgroup even when it was the pod's limit that was met. `nil` without the controller.
    package func memoryEvents() throws(SystemError) -> MemoryEvents? {
        try readIfPresent("memory.events").map { MemoryEvents(parsing: $0) }
    }

    /// Events of this cgroup alone. Its `oom` on a pod's cgroup tells that the pod's own limit was met, not a container's.
    package func memoryEventsLocal() throws(SystemError) -> MemoryEvents? {
        try readIfPresent("memory.events.local").map { MemoryEvents(parsing: $0) }
    }
}

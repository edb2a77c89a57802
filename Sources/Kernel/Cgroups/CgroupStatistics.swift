package import LinuxSystem

/// What one cgroup has used, controller by controller; `nil` where the controller is not enabled.
package struct CgroupStatistics: Sendable, Hashable {
    package var cpu: CPUStatistics?
    package var memory: MemoryStatistics?
    package var pids: PidsStatistics?
    package var io: [IOStatistics]?
}

extension Cgroup {
    /// Reads the statistics of all controllers. The files are not read at one instant.
    package func statistics() throws(SystemError) -> CgroupStatistics {
        CgroupStatistics(
            cpu: try cpuStatistics(), memory: try memoryStatistics(), pids: try pidsStatistics(), io: try ioStatistics()
        )
    }

    package func cpuStatistics() throws(SystemError) -> CPUStatistics? {
        try readIfPresent("cpu.stat").map { CPUStatistics(parsing: $0) }
    }

    package func memoryStatistics() throws(SystemError) -> MemoryStatistics? {
        guard let current = try readIfPresent("memory.current") else { return nil }
        return MemoryStatistics(
            current: current, peak: try readIfPresent("memory.peak"), swap: try readIfPresent("memory.swap.current"),
            stat: try read("memory.stat"), events: try read("memory.events"))
    }

    package func pidsStatistics() throws(SystemError) -> PidsStatistics? {
        guard let current = try readIfPresent("pids.current") else { return nil }
        return PidsStatistics(
            current: current, limit: try read("pids.max"), peak: try readIfPresent("pids.peak"),
            events: try read("pids.events"))
    }

    package func ioStatistics() throws(SystemError) -> [IOStatistics]? {
        try readIfPresent("io.stat").map { IOStatistics.parse($0) }
    }
}

/// The pids controller: how many tasks (threads count) may exist. A fork beyond fails with EAGAIN.
package enum PidsController {
    static func appendWrites(for resources: CgroupResources, to writes: inout [CgroupWrite]) {
        if let limit = resources.pidsMax { writes.append(CgroupWrite("pids.max", limit.description)) }
    }
}

/// What the pids controller says of one cgroup.
package struct PidsStatistics: Sendable, Hashable {
    package var current: UInt64
    /// `nil` is no limit.
    package var limit: UInt64?
    /// The most that there ever were; Linux 6.1 (`pids.peak`).
    package var peak: UInt64?
    /// Forks that the limit refused.
    package var refused: UInt64

    init(current: String, limit: String, peak: String?, events: String) {
        self.current = singleValue(current) ?? 0
        self.limit = singleValue(limit)
        self.peak = peak.flatMap(singleValue)
        refused = FlatKeyed(events)["max"] ?? 0
    }
}

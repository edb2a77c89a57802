// Use of resources as CRI v1 has it: runtime.v1 ContainerStats, PodSandboxStats and what they hold.

package struct CPUUsage: Sendable, Hashable {
    /// Nanoseconds since the epoch: when it was read.
    package var timestamp: Int64
    /// Of all cores together, since the beginning; nanoseconds.
    package var usageCoreNanoSeconds: UInt64
    package init(timestamp: Int64, usageCoreNanoSeconds: UInt64) {
        self.timestamp = timestamp
        self.usageCoreNanoSeconds = usageCoreNanoSeconds
    }
}

package struct MemoryUsage: Sendable, Hashable {
    package var timestamp: Int64
    /// Use less inactive file pages: what the node would miss.
    package var workingSetBytes: UInt64
    /// nil without a limit.
    package var availableBytes: UInt64?
    package var usageBytes: UInt64
    package var rssBytes: UInt64
    package var pageFaults: UInt64
    package var majorPageFaults: UInt64
    /// nil where swap is not accounted.
    package var swapUsageBytes: UInt64?
    package init(timestamp: Int64, usageBytes: UInt64, workingSetBytes: UInt64, rssBytes: UInt64) {
        self.timestamp = timestamp
        self.usageBytes = usageBytes
        self.workingSetBytes = workingSetBytes
        self.rssBytes = rssBytes
        pageFaults = 0
        majorPageFaults = 0
    }
}

/// Where figures come from.
package enum StatsSource: String, Sendable, Hashable {
    case cgroup
    /// Summed over the processes that are there now: no cgroup of this machine's hierarchy has the figures. What processes that have
    /// ended used is missing from the CPU time, shared memory is counted by share.
    case processes
}

package struct ContainerStats: Sendable, Hashable {
    package var id: String
    package var sandboxID: String
    package var metadata: ContainerMetadata
    package var labels: [String: String]
    package var source: StatsSource
    /// Nanoseconds since the epoch.
    package var startedAt: Int64
    package var cpu: CPUUsage?
    package var memory: MemoryUsage?
    package var processCount: UInt64 = 0
    /// Of the layer that the container writes to.
    package var writableLayer: FilesystemUsage?
    package var oomEvents: UInt64 = 0

    package init(
        id: String, sandboxID: String, metadata: ContainerMetadata, labels: [String: String], source: StatsSource, startedAt: Int64
    ) {
        self.id = id
        self.sandboxID = sandboxID
        self.metadata = metadata
        self.labels = labels
        self.source = source
        self.startedAt = startedAt
    }
}

package struct NetworkInterfaceUsage: Sendable, Hashable {
    package var name: String
    package var rxBytes: UInt64 = 0
    package var rxErrors: UInt64 = 0
    package var rxPackets: UInt64 = 0
    package var rxDropped: UInt64 = 0
    package var txBytes: UInt64 = 0
    package var txErrors: UInt64 = 0
    package var txPackets: UInt64 = 0
    package var txDropped: UInt64 = 0
    package init(name: String) { self.name = name }
}

package struct PodSandboxStats: Sendable, Hashable {
    package var id: String
    package var metadata: PodSandboxMetadata
    package var labels: [String: String]
    package var source: StatsSource
    package var startedAt: Int64
    package var cpu: CPUUsage?
    package var memory: MemoryUsage?
    package var processCount: UInt64 = 0
    /// When the network was looked at, nanoseconds since the epoch; the interfaces but `lo`. Empty with the machine's network.
    package var networkTimestamp: Int64 = 0
    package var interfaces: [NetworkInterfaceUsage] = []
    package var containers: [ContainerStats] = []

    package init(id: String, metadata: PodSandboxMetadata, labels: [String: String], source: StatsSource, startedAt: Int64) {
        self.id = id
        self.metadata = metadata
        self.labels = labels
        self.source = source
        self.startedAt = startedAt
    }
}

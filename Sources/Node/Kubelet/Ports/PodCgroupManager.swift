/// Makes the cgroups of pods. Implemented with the kernel's cgroup v2 by the program, and by nothing in simulations.
package protocol PodCgroupManager: Sendable {
    /// Makes the pod's cgroup and sets its limits. Again: sets them anew.
    ///
    /// - Returns: What was asked for and cannot be enforced on this machine, one line each.
    func ensure(_ cgroup: PodCgroup) async throws -> [String]
    /// Removes the pod's cgroup with all below it. No error when it is gone.
    func remove(_ cgroup: PodCgroup) async throws
    /// Shares of the classes: those of all burstable pods together, and the minimum for best-effort ones.
    func setClassShares(burstable: Int64, bestEffort: Int64) async throws
    /// Keeps all pods together to this.
    ///
    /// - Returns: What cannot be enforced on this machine, one line each.
    func limitPods(_ limits: PodsLimits) async throws -> [String]
    /// Memory of all pods together, without what the kernel can take back at once; nil where nobody counts it.
    func podsWorkingSetBytes() async -> Int64?
}

/// What all pods of a node together may have; nil: no limit.
package struct PodsLimits: Sendable, Hashable {
    package var cpuShares: Int64
    package var memoryBytes: Int64?
    package var pids: Int64?
    package var hugePages: [Int64: Int64] = [:]
}

/// No cgroups at all.
package struct NoPodCgroups: PodCgroupManager {
    package init() {}
    package func ensure(_ cgroup: PodCgroup) async throws -> [String] { [] }
    package func remove(_ cgroup: PodCgroup) async throws {}
    package func setClassShares(burstable: Int64, bestEffort: Int64) async throws {}
    package func limitPods(_ limits: PodsLimits) async throws -> [String] { [] }
    package func podsWorkingSetBytes() async -> Int64? { nil }
}

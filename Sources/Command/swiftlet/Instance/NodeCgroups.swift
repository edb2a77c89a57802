internal import Cgroups
internal import Kubelet
internal import LinuxSystem

/// The pods' cgroups in the kernel, made as the kubelet computed them.
struct NodeCgroups: PodCgroupManager {
    let hierarchy: CgroupHierarchy
    /// Absolute path; the kubelet's paths are below it.
    let root: String

    func ensure(_ cgroup: PodCgroup) async throws -> [String] {
        let opened = try openOrCreate(cgroup.path)
        var resources = CgroupResources()
        resources.cpuShares = UInt64(cgroup.cpuShares)
        resources.cpuWeightConversion = .linear
        resources.cpuPeriodMicroseconds = UInt64(cgroup.cpuPeriod)
        resources.cpuQuotaMicroseconds = cgroup.cpuQuota.map { .value(UInt64($0)) } ?? .max
        resources.memoryLimitBytes = cgroup.memoryBytes.map { .value(UInt64($0)) } ?? .max
        resources.pidsMax = cgroup.pids.map { .value(UInt64($0)) }
        resources.hugepageLimits = cgroup.hugePages.map { HugepageLimit(pageBytes: UInt64($0.key), limitBytes: UInt64($0.value)) }
        let unenforced = try opened.apply(try resources.writes(isNew: true))
        // The least share, and no huge page, are what a pod gets that asked for none.
        return unenforced.filter { missing in
            switch missing.controller {
            case .cpu: cgroup.cpuShares > CPUArithmetic.minShares
            case .hugetlb: missing.value != "0"
            default: true
            }
        }.map(\.description)
    }

    func remove(_ cgroup: PodCgroup) async throws {
        guard let last = cgroup.path.split(separator: "/").last else { return }
        try remove(child: String(last))
    }

    func remove(pod uid: String) throws { try remove(child: Self.podPrefix + uid) }

    /// In every class: of a pod that was found in the runtime alone, nobody knows which it belonged to.
    private func remove(child name: String) throws {
        for parent in parents where Files.exists("\(parent)/\(name)") { try Cgroup(opening: parent).destroyChild(name) }
    }

    /// UIDs of the pods that have a cgroup.
    func podUIDs() throws -> [String] {
        try parents.filter(Files.exists).flatMap { try Cgroup(opening: $0).children() }.filter { $0.hasPrefix(Self.podPrefix) }
            .map { String($0.dropFirst(Self.podPrefix.count)) }
    }

    private static let podPrefix = "pod"
    private var parents: [String] { ["", "/burstable", "/besteffort"].map { "\(root)/kubepods\($0)" } }

    func setClassShares(burstable: Int64, bestEffort: Int64) async throws {
        for (name, shares) in [("burstable", burstable), ("besteffort", bestEffort)] {
            let cgroup = try openOrCreate("kubepods/\(name)")
            var resources = CgroupResources()
            resources.cpuShares = UInt64(max(2, shares))
            resources.cpuWeightConversion = .linear
            // What a machine without the cpu controller can't do is reported once, by the instance.
            _ = try cgroup.apply(try resources.writes(isNew: false))
        }
    }

    func limitPods(_ limits: PodsLimits) async throws -> [String] {
        let cgroup = try openOrCreate("kubepods")
        var resources = CgroupResources()
        resources.cpuShares = UInt64(max(2, limits.cpuShares))
        resources.cpuWeightConversion = .linear
        resources.memoryLimitBytes = limits.memoryBytes.map { .value(UInt64($0)) } ?? .max
        resources.pidsMax = limits.pids.map { .value(UInt64($0)) } ?? .max
        resources.hugepageLimits = limits.hugePages.map { HugepageLimit(pageBytes: UInt64($0.key), limitBytes: UInt64($0.value)) }
        return try cgroup.apply(try resources.writes(isNew: false)).map(\.description)
    }

    func podsWorkingSetBytes() async -> Int64? {
        guard let cgroup = try? Cgroup(opening: "\(root)/kubepods"), let memory = (try? cgroup.memoryStatistics()) ?? nil else {
            return nil
        }
        return Int64(clamping: memory.workingSetBytes)
    }

    private func openOrCreate(_ path: String) throws(SystemError) -> Cgroup {
        var cgroup = try Cgroup(opening: root)
        for component in path.split(separator: "/") {
            cgroup = try cgroup.openOrCreateChild(String(component))
            _ = try cgroup.enableForChildren(.all)
        }
        return cgroup
    }
}

package import CRI
internal import Cgroups
internal import LinuxSystem

extension NativeRuntime {
    package func listContainerStats(_ filter: ContainerFilter) async throws(RuntimeError) -> [ContainerStats] {
        let wanted = try await listContainers(filter).filter { $0.state == .running }
        return try await verb("read the containers' statistics") {
            try await blocking { [self] in
                wanted.compactMap { status in
                    // One that has ended meanwhile has none.
                    registry.container(status.id).flatMap { try? stats(of: $0, status) }
                }
            }
        }
    }

    package func listPodSandboxStats(_ filter: PodSandboxFilter) async throws(RuntimeError) -> [PodSandboxStats] {
        let wanted = try await listPodSandbox(filter).filter { $0.state == .ready }
        return try await verb("read the pods' statistics") {
            try await blocking { [self] in
                wanted.compactMap { status in registry.sandbox(status.id).flatMap { try? stats(of: $0, status) } }
            }
        }
    }

    private func stats(of container: Container, _ status: ContainerStatus) throws -> ContainerStats {
        let figures = try CgroupFigures(try container.sandbox.cgroup.cgroup.openChild(container.id))
        var stats = ContainerStats(
            id: status.id, sandboxID: status.sandboxID, metadata: status.metadata, labels: status.labels, source: figures.source,
            startedAt: status.startedAt)
        stats.cpu = figures.cpu
        stats.memory = figures.memory
        stats.processCount = figures.processCount
        stats.oomEvents = figures.oomEvents
        stats.writableLayer = layers.usage(of: container.id, at: container.image.root.upperDirectory, on: executor)
        return stats
    }

    private func stats(of sandbox: Sandbox, _ status: PodSandboxStatus) throws -> PodSandboxStats {
        let figures = try CgroupFigures(sandbox.cgroup.cgroup)
        var stats = PodSandboxStats(
            id: status.id, metadata: status.metadata, labels: status.labels, source: figures.source, startedAt: status.createdAt)
        stats.cpu = figures.cpu
        stats.memory = figures.memory
        stats.processCount = figures.processCount
        let running = sandbox.containers.map { ($0, $0.status) }.filter { $0.1.state == .running }
        stats.containers = running.compactMap { try? self.stats(of: $0.0, $0.1) }.sorted { $0.metadata.name < $1.metadata.name }
        if status.namespaceOptions.network != .node, let pid = running.first?.1.pid, let text = try? Files.readText("/proc/\(pid)/net/dev")
        {
            stats.networkTimestamp = KernelClock.realtimeNanoseconds
            stats.interfaces = NetworkCounters.parse(text).filter { $0.name != "lo" }
        }
        return stats
    }
}

/// Figures of a cgroup and what is below it.
private struct CgroupFigures {
    var source: StatsSource
    var cpu: CPUUsage?
    var memory: MemoryUsage
    var processCount: UInt64
    var oomEvents: UInt64 = 0

    init(_ cgroup: borrowing Cgroup) throws {
        let now = KernelClock.realtimeNanoseconds
        let processes = try cgroup.processesOfSubtree()
        processCount = UInt64(processes.count)
        // The kernel counts CPU time in every cgroup of v2, with the controller or without (cgroup-v2.rst, "cpu.stat").
        cpu = try cgroup.cpuStatistics().map { CPUUsage(timestamp: now, usageCoreNanoSeconds: $0.usageMicroseconds * 1_000) }
        if let figures = try cgroup.memoryStatistics() {
            source = .cgroup
            memory = MemoryUsage(
                timestamp: now, usageBytes: figures.currentBytes, workingSetBytes: figures.workingSetBytes, rssBytes: figures.anonymousBytes
            )
            memory.pageFaults = figures.pageFaults
            memory.majorPageFaults = figures.majorPageFaults
            memory.swapUsageBytes = figures.swapBytes
            memory.availableBytes = try Self.available(cgroup, figures.workingSetBytes)
            oomEvents = figures.events.oomKill
        } else {
            source = .processes
            memory = ProcessMemory.sum(of: processes, now: now)
        }
    }

    private static func available(_ cgroup: borrowing Cgroup, _ workingSet: UInt64) throws -> UInt64? {
        guard let limit = try cgroup.readIfPresent("memory.max")?.split(separator: "\n").first.flatMap({ UInt64($0) }) else { return nil }
        return limit > workingSet ? limit - workingSet : 0
    }
}

extension Cgroup {
    /// Processes here and in the cgroups below.
    fileprivate func processesOfSubtree() throws(SystemError) -> [Int32] {
        var all = try processes()
        for name in try children() {
            // One that is removed meanwhile has none.
            all += (try? openChild(name).processesOfSubtree()) ?? []
        }
        return all
    }
}

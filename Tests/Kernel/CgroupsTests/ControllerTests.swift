import Glibc
import LinuxSystem
import Testing

@testable import Cgroups

/// The controllers at work. Natively on a host whose cgroup v2 tree has them, else by Tests/Tools/test-in-vm.
@Suite(.enabled(if: geteuid() == 0, "makes cgroups: needs root"), .serialized)
struct ControllerTests {
    // MARK: - cpu

    @Test(
        .requires(.cpu),
        arguments: [
            (1, 102, .logarithmic, "17", "1000 100000"), (500, 512, .logarithmic, "59", "50000 100000"),
            (1500, 1024, .logarithmic, "100", "150000 100000"), (0, 4096, .logarithmic, "303", "max 100000"),
            (2000, 1024, .linear, "39", "200000 100000"), (4000, 262_144, .linear, "10000", "400000 100000"),
        ] as [(UInt64, UInt64, CPUWeightConversion, String, String)])
    func `weight and quota stand in the kernel`(
        milliCPU: UInt64, shares: UInt64, conversion: CPUWeightConversion, weight: String, max: String
    ) throws {
        var resources = CgroupResources()
        resources.cpuShares = shares
        resources.cpuWeightConversion = conversion
        resources.cpuQuotaMicroseconds = CPUController.quotaMicroseconds(milliCPU: milliCPU)
        try check(resources, ["cpu.weight": weight, "cpu.max": max])
    }

    @Test(.requires(.cpu)) func `a quota throttles`() throws {
        try withScratchCgroup(.cpu) { scratch in
            var resources = CgroupResources()
            resources.cpuQuotaMicroseconds = CPUController.quotaMicroseconds(milliCPU: 100)
            try apply(resources, to: scratch)
            let process = try TestProcess.start(in: scratch, "i=0; while :; do i=$((i+1)); done")
            var statistics = try #require(try scratch.cpuStatistics())
            let deadline = ContinuousClock.now + .seconds(30)
            while (statistics.throttledPeriods ?? 0) == 0, ContinuousClock.now < deadline {
                usleep(10_000)
                statistics = try #require(try scratch.cpuStatistics())
            }
            #expect(try #require(statistics.throttledPeriods) > 0)
            #expect(try #require(statistics.periods) > 0)
            try scratch.kill()
            #expect(try process.wait() == 128 + 9)
        }
    }

    // MARK: - memory

    @Test(.requires(.memory)) func `memory limits stand in the kernel`() throws {
        var resources = CgroupResources()
        resources.memoryLimitBytes = .value(64 << 20)
        resources.memorySwapLimitBytes = .value(96 << 20)
        resources.memoryMinBytes = 1 << 20
        resources.memoryLowBytes = 2 << 20
        resources.memoryHighBytes = .value(48 << 20)
        resources.memoryOOMGroup = true
        try check(
            resources,
            [
                "memory.max": "67108864", "memory.swap.max": "33554432", "memory.min": "1048576",
                "memory.low": "2097152",
                "memory.high": "50331648", "memory.oom.group": "1",
            ])
    }

    /// A process that takes all the memory it can get.
    private static let hog = "exec tail /dev/zero"

    @Test(.requires(.memory)) func `the process beyond its limit is killed and counted`() throws {
        try withScratchCgroup(.memory) { scratch in
            var resources = CgroupResources()
            resources.memoryLimitBytes = .value(16 << 20)
            resources.memorySwapLimitBytes = .value(16 << 20)
            try apply(resources, to: scratch)
            let watch = try scratch.watch("memory.events")
            #expect(try MemoryEvents(parsing: watch.read()).oomKill == 0)
            let process = try TestProcess.start(in: scratch, Self.hog)
            #expect(try process.wait() == 128 + 9)
            #expect(try watch.wait(until: .now + .seconds(10)))
            let events = try #require(try scratch.memoryEvents())
            #expect(events.oomKill == 1)
            #expect(events.oom >= 1)
            #expect(events.max >= 1)
            let statistics = try #require(try scratch.memoryStatistics())
            #expect(try #require(statistics.peakBytes) <= 16 << 20)
            #expect(try #require(statistics.peakBytes) > 15 << 20)
            #expect(statistics.events == events)
        }
    }

    @Test(.requires(.memory)) func `whose limit was met is told by the local events`() throws {
        try withScratchCgroup(.memory) { pod in
            var resources = CgroupResources()
            resources.memoryLimitBytes = .value(16 << 20)
            resources.memorySwapLimitBytes = .value(16 << 20)
            try apply(resources, to: pod)
            #expect(try pod.enableForChildren(.memory) == .memory)
            let container = try pod.createChild("container")
            let process = try TestProcess.start(in: container, Self.hog)
            #expect(try process.wait() == 128 + 9)
            #expect(try #require(try container.memoryEvents()).oomKill == 1)
            #expect(try #require(try container.memoryEventsLocal()).oom == 0)
            #expect(try #require(try pod.memoryEvents()).oomKill == 1)
            #expect(try #require(try pod.memoryEventsLocal()).oomKill == 0)
            #expect(try #require(try pod.memoryEventsLocal()).oom >= 1)
        }
    }

    @Test(.requires(.memory)) func `with the OOM group all go together`() throws {
        try withScratchCgroup(.memory) { scratch in
            var resources = CgroupResources()
            resources.memoryLimitBytes = .value(16 << 20)
            resources.memorySwapLimitBytes = .value(16 << 20)
            resources.memoryOOMGroup = true
            try apply(resources, to: scratch)
            let bystander = try TestProcess.start(in: scratch, "sleep 1000")
            let process = try TestProcess.start(in: scratch, Self.hog)
            #expect(try process.wait() == 128 + 9)
            #expect(try bystander.wait() == 128 + 9)
            #expect(try #require(try scratch.memoryEvents()).oomGroupKill == 1)
        }
    }

    // MARK: - pids

    @Test(.requires(.pids)) func `a fork beyond the limit fails with EAGAIN`() throws {
        try withScratchCgroup(.pids) { scratch in
            var resources = CgroupResources()
            resources.pidsMax = 1
            try apply(resources, to: scratch)
            let process = try TestProcess.start(in: scratch, "exec perl -e 'print defined fork ? 0 : $!+0'")
            #expect(try process.nextOutput() == "\(EAGAIN)")
            #expect(try process.wait() == 0)
            let statistics = try #require(try scratch.pidsStatistics())
            #expect(statistics.limit == 1)
            #expect(statistics.refused == 1)
        }
    }

    // MARK: - io

    @Test(.requires(.io)) func `io limits stand in the kernel and reads are counted`() throws {
        guard let disk = try Disk.any() else { return print("io.max is not tested: this machine has no disk") }
        let (major, minor) = (disk.major, disk.minor)
        try withScratchCgroup(.io) { scratch in
            var resources = CgroupResources()
            resources.io = [
                IOLimit(major: major, minor: minor, readBytesPerSecond: .value(64 << 20), writeOperationsPerSecond: 100)
            ]
            try apply(resources, to: scratch)
            #expect(try scratch.read("io.max") == "\(major):\(minor) rbps=67108864 wbps=max riops=max wiops=100\n")
            let process = try TestProcess.start(
                in: scratch, "dd if=\(disk.node) of=/dev/null bs=64k count=4 iflag=direct 2>/dev/null")
            #expect(try process.wait() == 0)
            let line = try #require(try scratch.ioStatistics()?.first { $0.major == major && $0.minor == minor })
            #expect(line.readBytes == 256 << 10)
            resources.io = [
                IOLimit(major: major, minor: minor, readBytesPerSecond: .max, writeOperationsPerSecond: .max)
            ]
            try apply(resources, to: scratch, isNew: false)
            #expect(try scratch.read("io.max") == "")
        }
    }

    // MARK: - cpuset, hugetlb

    @Test(.requires(.cpuset)) func `CPU and memory nodes stand in the kernel`() throws {
        var resources = CgroupResources()
        resources.cpusetCPUs = "0"
        resources.cpusetMems = "0"
        try check(
            resources,
            ["cpuset.cpus": "0", "cpuset.cpus.effective": "0", "cpuset.mems": "0", "cpuset.mems.effective": "0"])
    }

    @Test(.requires(.hugetlb)) func `huge page limits stand in the kernel`() throws {
        var resources = CgroupResources()
        resources.hugepageLimits = [HugepageLimit(pageBytes: 2 << 20, limitBytes: 6 << 20)]
        try check(resources, ["hugetlb.2MB.max": "6291456", "hugetlb.2MB.rsvd.max": "6291456"])
    }

    // MARK: - several

    @Test(.requires([.memory, .pids])) func `a resize lifts limits again`() throws {
        try withScratchCgroup([.memory, .pids]) { scratch in
            var resources = CgroupResources()
            resources.memoryLimitBytes = .value(32 << 20)
            resources.pidsMax = 10
            try apply(resources, to: scratch)
            resources.memoryLimitBytes = .max
            resources.pidsMax = .max
            try apply(resources, to: scratch, isNew: false)
            #expect(try scratch.read("memory.max") == "max\n")
            #expect(try scratch.read("pids.max") == "max\n")
        }
    }

    /// Applies; everything must be enforceable.
    private func apply(_ resources: CgroupResources, to cgroup: borrowing Cgroup, isNew: Bool = true) throws {
        let unenforced = try cgroup.apply(resources.writes(isNew: isNew))
        #expect(unenforced == [])
    }

    /// Applies to a new cgroup and compares what the kernel then says, file by file.
    private func check(_ resources: CgroupResources, _ files: [String: String]) throws {
        try withScratchCgroup(resources.controllers) { scratch in
            try apply(resources, to: scratch)
            for (file, value) in files {
                let text = try scratch.read(file)
                #expect(text == value + "\n", "\(file)")
            }
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips, saying why, where the machine's cgroup v2 tree lacks a controller.
    static func requires(_ controllers: CgroupControllers) -> ConditionTrait {
        let there = (try? Cgroup(opening: CgroupHierarchy.find().mountPoint).controllers()) ?? []
        let names = controllers.subtracting(there).members.map(\.rawValue).joined(separator: ", ")
        return .enabled(
            if: names.isEmpty,
            "this machine's cgroup v2 tree has no \(names) controller; Tests/Tools/test-in-vm runs it in a VM, if that has one"
        )
    }
}

/// A whole disk of this machine, whichever.
private struct Disk {
    let node: String
    let major: UInt32
    let minor: UInt32

    static func any() throws -> Disk? {
        for name in ["ubda", "vda", "sda", "nvme0n1", "xvda"] {
            var status = stat()
            guard stat("/dev/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFBLK else { continue }
            // makedev(3): the low 8 bits and those above 20 are the minor number, the 12 between the major.
            let device = UInt64(status.st_rdev)
            return Disk(
                node: "/dev/\(name)", major: UInt32(device >> 8 & 0xfff),
                minor: UInt32(device & 0xff | device >> 12 & 0xfff00))
        }
        return nil
    }
}

/// What a pod or container may use, controller by controller. A `nil` field is left as it is.
///
/// The fields speak the language of the CRI (shares, quota, memory+swap as in cgroup v1); `writes` turns them into cgroup v2.
package struct CgroupResources: Sendable, Hashable {
    // CPUController
    /// cgroup v1 shares, 2 … 262144; 0 is "not said".
    package var cpuShares: UInt64?
    package var cpuWeightConversion = CPUWeightConversion.logarithmic
    /// Run time per period, at least 1000.
    package var cpuQuotaMicroseconds: CgroupLimit?
    /// 1000 … 1 000 000; 100 000 when only the quota is given.
    package var cpuPeriodMicroseconds: UInt64?

    // MemoryController
    package var memoryLimitBytes: CgroupLimit?
    /// Memory *and* swap together, as cgroup v1 counts it: equal to the memory limit means no swap.
    package var memorySwapLimitBytes: CgroupLimit?
    package var memoryMinBytes: UInt64?
    package var memoryLowBytes: UInt64?
    package var memoryHighBytes: CgroupLimit?
    /// Whether the out-of-memory killer takes all processes of the cgroup together.
    package var memoryOOMGroup: Bool?

    // PidsController
    package var pidsMax: CgroupLimit?

    // CpusetController; lists as in `0-2,7`
    package var cpusetCPUs: String?
    package var cpusetMems: String?

    // HugetlbController
    package var hugepageLimits: [HugepageLimit] = []

    // IOController
    package var io: [IOLimit] = []

    /// Further files and their values, written last, in the order of their names.
    package var unified: [String: String] = [:]

    package init() {}
}

/// One value for one file of a cgroup.
package struct CgroupWrite: Sendable, Hashable {
    package var file: String
    package var value: String

    package init(_ file: String, _ value: String) {
        self.file = file
        self.value = value
    }
}

/// Resources that no cgroup can have, whatever the machine: `memorySwapLimitBytes 10 is less than memoryLimitBytes 20`.
package struct InvalidCgroupResources: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension CgroupResources {
    /// What is to be written to the files of a cgroup, in order. Nothing is touched: the kernel's part is `Cgroup.apply`.
    ///
    /// - Parameter isNew: The cgroup was just made, so that a value which is the kernel's default need not be written.
    package func writes(isNew: Bool) throws(InvalidCgroupResources) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        CPUController.appendWrites(for: self, to: &writes)
        try MemoryController.appendWrites(for: self, to: &writes)
        PidsController.appendWrites(for: self, to: &writes)
        CpusetController.appendWrites(for: self, to: &writes)
        HugetlbController.appendWrites(for: self, to: &writes)
        IOController.appendWrites(for: self, to: &writes)
        if isNew { writes.removeAll(where: \.isKernelDefault) }
        for (file, value) in unified.sorted(by: { $0.key < $1.key }) {
            guard Self.isControllerFile(file) else {
                throw InvalidCgroupResources("unified \"\(file)\" is not the name of a controller's file")
            }
            writes.append(CgroupWrite(file, value))
        }
        return writes
    }

    /// The controllers that these resources need.
    package var controllers: CgroupControllers {
        var needed: CgroupControllers = []
        if cpuShares != nil || cpuQuotaMicroseconds != nil || cpuPeriodMicroseconds != nil { needed.insert(.cpu) }
        if memoryLimitBytes != nil || memorySwapLimitBytes != nil || memoryMinBytes != nil || memoryLowBytes != nil
            || memoryHighBytes != nil || memoryOOMGroup != nil
        {
            needed.insert(.memory)
        }
        if pidsMax != nil { needed.insert(.pids) }
        if cpusetCPUs != nil || cpusetMems != nil { needed.insert(.cpuset) }
        if !hugepageLimits.isEmpty { needed.insert(.hugetlb) }
        if !io.isEmpty { needed.insert(.io) }
        for file in unified.keys {
            if let controller = CgroupController(file: file) { needed.insert(.init(controller)) }
        }
        return needed
    }

    /// `CONTROLLER.SOMETHING`, one path component. The core's own files (`cgroup.procs`) are not resources.
    private static func isControllerFile(_ name: String) -> Bool {
        Cgroup.isComponent(name) && name.dropFirst().dropLast().contains(".") && !name.hasPrefix(".")
            && !name.hasPrefix("cgroup.")
    }
}

extension CgroupWrite {
    /// Whether a new cgroup has this value already (cgroup-v2.rst, "Interface Files" of each controller).
    var isKernelDefault: Bool {
        switch (file, value) {
        case ("cpu.weight", "100"), ("cpu.max", "max 100000"), ("memory.oom.group", "0"), ("memory.min", "0"),
            ("memory.low", "0"), ("memory.high", "max"), ("memory.max", "max"), ("memory.swap.max", "max"),
            ("pids.max", "max"), ("cpuset.cpus", ""), ("cpuset.mems", ""):
            true
        default:
            file.hasPrefix("hugetlb.") && value == "max"
        }
    }
}

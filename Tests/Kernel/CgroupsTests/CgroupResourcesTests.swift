import Testing

@testable import Cgroups

struct CgroupResourcesTests {
    static func resources(_ change: (inout CgroupResources) -> Void) -> CgroupResources {
        var resources = CgroupResources()
        change(&resources)
        return resources
    }

    static let table: [(CgroupResources, [String], CgroupControllers)] = [
        (CgroupResources(), [], []),
        (resources { $0.cpuShares = 512 }, ["cpu.weight 59"], .cpu),
        (
            resources {
                $0.cpuShares = 512
                $0.cpuWeightConversion = .linear
            }, ["cpu.weight 20"], .cpu
        ),
        (resources { $0.cpuShares = 0 }, [], .cpu),
        (resources { $0.cpuQuotaMicroseconds = 50_000 }, ["cpu.max 50000 100000"], .cpu),
        (
            resources {
                $0.cpuQuotaMicroseconds = 5000
                $0.cpuPeriodMicroseconds = 10_000
            }, ["cpu.max 5000 10000"], .cpu
        ),
        (resources { $0.cpuQuotaMicroseconds = .max }, ["cpu.max max 100000"], .cpu),
        (resources { $0.cpuPeriodMicroseconds = 10_000 }, ["cpu.max max 10000"], .cpu),
        (resources { $0.memoryLimitBytes = 4096 }, ["memory.max 4096"], .memory),
        (resources { $0.memoryLimitBytes = .max }, ["memory.swap.max max", "memory.max max"], .memory),
        (
            resources {
                $0.memoryLimitBytes = 4096
                $0.memorySwapLimitBytes = 4096
                $0.memoryOOMGroup = true
            },
            ["memory.oom.group 1", "memory.swap.max 0", "memory.max 4096"], .memory
        ),
        (
            resources {
                $0.memoryMinBytes = 1
                $0.memoryLowBytes = 2
                $0.memoryHighBytes = 3
            },
            ["memory.min 1", "memory.low 2", "memory.high 3"], .memory
        ),
        (resources { $0.pidsMax = 100 }, ["pids.max 100"], .pids),
        (
            resources {
                $0.cpusetCPUs = "0-1"
                $0.cpusetMems = "0"
            }, ["cpuset.cpus 0-1", "cpuset.mems 0"], .cpuset
        ),
        (
            resources { $0.hugepageLimits = [HugepageLimit(pageBytes: 2 << 20, limitBytes: 4 << 20)] },
            ["hugetlb.2MB.rsvd.max 4194304", "hugetlb.2MB.max 4194304"], .hugetlb
        ),
        (
            resources {
                $0.io = [
                    IOLimit(major: 8, minor: 16, readBytesPerSecond: 1, writeOperationsPerSecond: .max),
                    IOLimit(major: 8, minor: 0),
                ]
            },
            ["io.max 8:16 rbps=1 wiops=max"], .io
        ),
        (
            resources {
                $0.pidsMax = 5
                $0.unified = ["pids.max": "7", "memory.high": "1", "misc.max": "x 1"]
            },
            ["pids.max 5", "memory.high 1", "misc.max x 1", "pids.max 7"], [.pids, .memory]
        ),
    ]

    @Test(arguments: table)
    func `resources become writes`(resources: CgroupResources, writes: [String], controllers: CgroupControllers) throws {
        #expect(try resources.writes(isNew: false).map { "\($0.file) \($0.value)" } == writes)
        #expect(resources.controllers == controllers)
    }

    @Test func `a new cgroup is spared its defaults, but not what unified says`() throws {
        let resources = Self.resources {
            $0.cpuShares = 1024
            $0.cpuQuotaMicroseconds = .max
            $0.memoryLimitBytes = .max
            $0.memoryOOMGroup = false
            $0.memoryMinBytes = 0
            $0.memoryLowBytes = 0
            $0.memoryHighBytes = .max
            $0.pidsMax = .max
            $0.cpusetCPUs = ""
            $0.cpusetMems = ""
            $0.unified = ["pids.max": "max"]
        }
        #expect(try resources.writes(isNew: true) == [CgroupWrite("pids.max", "max")])
        #expect(try resources.writes(isNew: false).count == 12)
    }

    @Test(arguments: [
        "", "memory", "../memory.max", "a/b.c", ".hidden", "memory.", "cgroup.procs", "cgroup.kill", ".", "..",
    ])
    func `unified names only files of controllers`(file: String) {
        let resources = Self.resources { $0.unified = [file: "1"] }
        let error = #expect(throws: InvalidCgroupResources.self) { try resources.writes(isNew: true) }
        #expect(error?.description == "unified \"\(file)\" is not the name of a controller's file")
    }

    @Test(arguments: [(0, nil), (-1, .max), (.min, .max), (7, 7)] as [(Int64, CgroupLimit?)])
    func `limits in the convention of the CRI`(number: Int64, limit: CgroupLimit?) {
        #expect(CgroupLimit(orUnset: number) == limit)
    }

    @Test(
        arguments: [(64 << 10, "64KB"), (2 << 20, "2MB"), (512 << 20, "512MB"), (1 << 30, "1GB"), (16 << 30, "16GB")]
            as [(UInt64, String)])
    func `huge page sizes as the kernel spells them`(bytes: UInt64, name: String) {
        #expect(HugetlbController.name(pageBytes: bytes) == name)
    }

    @Test func `huge page sizes that nobody asked for get nothing`() {
        let asked = HugepageLimit(pageBytes: 2 << 20, limitBytes: 4 << 20)
        let limits = HugetlbController.limits(requested: [asked], pageSizesBytes: [1 << 30, 2 << 20, 64 << 10])
        #expect(
            limits == [
                asked, HugepageLimit(pageBytes: 64 << 10, limitBytes: 0),
                HugepageLimit(pageBytes: 1 << 30, limitBytes: 0),
            ])
    }

    @Test(
        arguments: [
            ("", []), ("0", [0]), ("0-2,7", [0, 1, 2, 7]), ("3-1", nil), ("a", nil), ("1-", nil), ("1,,2", nil),
            ("-1", nil), ("0-9999", nil),
            ("0-1-2", nil),
        ] as [(String, [Int]?)])
    func `cpuset lists`(text: String, numbers: [Int]?) {
        #expect(CpusetController.parseList(text) == numbers)
        if let numbers { #expect(CpusetController.formatList(numbers.shuffled()) == text) }
    }
}

import Testing

@testable import Cgroups

struct MemoryControllerTests {
    @Test(
        arguments: [
            (nil, nil, nil), (nil, 100, nil), (nil, .max, .max), (.max, nil, .max), (.max, 100, .max), (100, 100, 0),
            (150, 100, 50),
        ] as [(CgroupLimit?, CgroupLimit?, CgroupLimit?)])
    func `swap alone is what memory leaves of both`(both: CgroupLimit?, memory: CgroupLimit?, swap: CgroupLimit?) throws {
        #expect(try MemoryController.swapLimitBytes(memoryAndSwap: both, memory: memory) == swap)
    }

    @Test(
        arguments: [
            (99, 100, "memory and swap limit 99 is less than memory limit 100"),
            (99, nil, "memory and swap limit 99 needs a memory limit"),
            (99, .max, "memory and swap limit 99 needs a memory limit"),
        ] as [(CgroupLimit, CgroupLimit?, String)])
    func `an impossible swap limit is named`(both: CgroupLimit, memory: CgroupLimit?, message: String) {
        let error = #expect(throws: InvalidCgroupResources.self) {
            try MemoryController.swapLimitBytes(memoryAndSwap: both, memory: memory)
        }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [(1 << 30, 4 << 30, 2 << 30, 512 << 20), (1, 0, 100, 0), (0, 100, 100, 0), (1, 3, 10, 3)]
            as [(UInt64, UInt64, UInt64, UInt64)])
    func `limited swap is the request's share of the node`(
        request: UInt64, memory: UInt64, swap: UInt64, expected: UInt64
    ) {
        #expect(
            MemoryController.limitedSwapBytes(requestBytes: request, nodeMemoryBytes: memory, nodeSwapBytes: swap)
                == expected)
    }

    @Test(
        arguments: [(100, 100, nil), (0, 40_960, 36_864), (4096, 8192, 4096), (1 << 20, 2 << 20, 1_990_656)]
            as [(UInt64, UInt64, UInt64?)])
    func `memory high lies in whole pages below the limit`(request: UInt64, limit: UInt64, high: UInt64?) {
        #expect(MemoryController.highBytes(requestBytes: request, limitBytes: limit) == high)
    }

    @Test func `events of old and new kernels`() {
        let old = MemoryEvents(parsing: "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n")
        #expect(
            old.low == 1 && old.high == 2 && old.max == 3 && old.oom == 4 && old.oomKill == 5 && old.oomGroupKill == nil
        )
        #expect(MemoryEvents(parsing: "low 0\noom_kill 1\noom_group_kill 1\n").oomGroupKill == 1)
    }

    @Test func `the working set leaves out inactive file pages`() {
        let statistics = MemoryStatistics(
            current: "1000\n", peak: nil, swap: "7\n",
            stat: "anon 300\nfile 700\ninactive_file 600\npgfault 9\npgmajfault 2\n",
            events: "low 0\n")
        #expect(statistics.workingSetBytes == 400)
        #expect(statistics.anonymousBytes == 300 && statistics.fileBytes == 700)
        #expect(statistics.peakBytes == nil && statistics.swapBytes == 7)
        #expect(statistics.pageFaults == 9 && statistics.majorPageFaults == 2)
    }
}

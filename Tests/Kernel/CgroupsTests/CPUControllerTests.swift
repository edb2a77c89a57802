import Testing

@testable import Cgroups

struct CPUControllerTests {
    @Test(
        arguments: [
            (0, 2), (1, 2), (2, 2), (10, 10), (100, 102), (250, 256), (500, 512), (1000, 1024), (1500, 1536),
            (256_000, 262_144),
            (1_000_000, 262_144), (.max, 262_144),
        ] as [(UInt64, UInt64)])
    func `shares of a request`(milliCPU: UInt64, shares: UInt64) {
        #expect(CPUController.shares(milliCPU: milliCPU) == shares)
    }

    @Test(
        arguments: [
            (0, nil), (1, 1), (2, 1), (102, 17), (256, 35), (512, 59), (1024, 100), (2048, 174), (4096, 303),
            (102_400, 4429),
            (262_143, 10_000), (262_144, 10_000), (.max, 10_000),
        ] as [(UInt64, UInt64?)])
    func `weight of shares, as runtimes convert`(shares: UInt64, weight: UInt64?) {
        #expect(CPUController.weight(shares: shares, .logarithmic) == weight)
    }

    @Test(
        arguments: [
            (0, nil), (1, 1), (2, 1), (102, 4), (256, 10), (512, 20), (1024, 39), (2048, 79), (4096, 157),
            (102_400, 3906),
            (262_144, 10_000), (.max, 10_000),
        ] as [(UInt64, UInt64?)])
    func `weight of shares, as the kubelet converts`(shares: UInt64, weight: UInt64?) {
        #expect(CPUController.weight(shares: shares, .linear) == weight)
    }

    @Test(arguments: [CPUWeightConversion.logarithmic, .linear])
    func `more shares never weigh less, and every weight is one that the kernel takes`(conversion: CPUWeightConversion)
        throws
    {
        var last: UInt64 = 1
        for shares in CPUController.sharesMin...CPUController.sharesMax {
            let weight = try #require(CPUController.weight(shares: shares, conversion))
            guard weight >= last, weight <= 10_000 else {
                Issue.record("\(shares) shares weigh \(weight), one less weighs \(last)")
                return
            }
            last = weight
        }
    }

    @Test(
        arguments: [
            (0, 100_000, .max), (1, 100_000, 1000), (9, 100_000, 1000), (10, 100_000, 1000), (11, 100_000, 1100),
            (500, 100_000, 50_000), (1500, 100_000, 150_000), (333, 1000, 1000), (3333, 1000, 3333),
            (1500, 1_000_000, 1_500_000),
            (.max, 100_000, .max),
        ] as [(UInt64, UInt64, CgroupLimit)])
    func `quota of a limit`(milliCPU: UInt64, period: UInt64, quota: CgroupLimit) {
        #expect(CPUController.quotaMicroseconds(milliCPU: milliCPU, periodMicroseconds: period) == quota)
    }

    @Test func `cpu stat with and without the controller`() {
        let bare = CPUStatistics(parsing: "usage_usec 300\nuser_usec 200\nsystem_usec 100\n")
        #expect(bare.usageMicroseconds == 300 && bare.userMicroseconds == 200 && bare.systemMicroseconds == 100)
        #expect(bare.periods == nil && bare.throttledPeriods == nil)
        let limited = CPUStatistics(
            parsing:
                "usage_usec 1\nuser_usec 1\nsystem_usec 0\nnr_periods 43\nnr_throttled 40\nthrottled_usec 3200000\nnr_bursts 0\n"
        )
        #expect(limited.periods == 43 && limited.throttledPeriods == 40 && limited.throttledMicroseconds == 3_200_000)
    }
}

import Glibc

/// How cgroup v1 shares become a cgroup v2 weight. Both are in use: the runtime's own for containers, the kubelet's for pods and QoS classes.
package enum CPUWeightConversion: Sendable, Hashable {
    /// ⌈10^((L² + 125·L) / 612 − 7/34)⌉ with L = log2(shares): 1024 shares are the default weight, 100 (runc 1.3.2, crun 1.23).
    case logarithmic
    /// 1 + (shares − 2) · 9999 / 262142: 1024 shares are 39 (the kubelet, for pod and QoS cgroups).
    case linear
}

/// The cpu controller: `cpu.weight` (who gets more when it is scarce) and `cpu.max` (CFS bandwidth).
package enum CPUController {
    package static let sharesMin: UInt64 = 2
    package static let sharesMax: UInt64 = 262_144
    package static let defaultPeriodMicroseconds: UInt64 = 100_000
    /// The kernel refuses less.
    package static let quotaMinMicroseconds: UInt64 = 1_000

    /// Shares of a CPU request in thousandths of a core; 0 is the least (kubelet, `MilliCPUToShares`).
    package static func shares(milliCPU: UInt64) -> UInt64 {
        guard milliCPU > 0 else { return sharesMin }
        let (product, overflow) = milliCPU.multipliedReportingOverflow(by: 1024)
        return overflow ? sharesMax : min(max(product / 1000, sharesMin), sharesMax)
    }

    /// Run time per period of a CPU limit in thousandths of a core; 0 is no limit (kubelet, `MilliCPUToQuota`).
    ///
    /// At least 1 ms, the kernel's minimum, so that with the default period any limit below 10m acts as 10m.
    package static func quotaMicroseconds(
        milliCPU: UInt64, periodMicroseconds: UInt64 = defaultPeriodMicroseconds
    ) -> CgroupLimit {
        guard milliCPU > 0 else { return .max }
        let (product, overflow) = milliCPU.multipliedReportingOverflow(by: periodMicroseconds)
        return overflow ? .max : .value(max(product / 1000, quotaMinMicroseconds))
    }

    /// `cpu.weight` of shares; `nil` for 0, which means that nothing was said.
    package static func weight(shares: UInt64, _ conversion: CPUWeightConversion) -> UInt64? {
        guard shares > 0 else { return nil }
        guard shares > sharesMin else { return 1 }
        guard shares < sharesMax else { return 10_000 }
        switch conversion {
        case .logarithmic:
            let l = log2(Double(shares))
            return UInt64(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34).rounded(.up))
        case .linear:
            return 1 + (shares - sharesMin) * 9_999 / (sharesMax - sharesMin)
        }
    }

    static func appendWrites(for resources: CgroupResources, to writes: inout [CgroupWrite]) {
        if let shares = resources.cpuShares, let weight = weight(shares: shares, resources.cpuWeightConversion) {
            writes.append(CgroupWrite("cpu.weight", String(weight)))
        }
        // The kernel takes a period only behind a quota; a period alone therefore says "no quota", as in runc.
        if resources.cpuQuotaMicroseconds != nil || resources.cpuPeriodMicroseconds != nil {
            let quota = resources.cpuQuotaMicroseconds ?? .max
            let period = resources.cpuPeriodMicroseconds ?? defaultPeriodMicroseconds
            writes.append(CgroupWrite("cpu.max", "\(quota) \(period)"))
        }
    }
}

/// The content of `cpu.stat`. Usage is there without the cpu controller too; throttling is not.
package struct CPUStatistics: Sendable, Hashable {
    package var usageMicroseconds: UInt64
    package var userMicroseconds: UInt64
    package var systemMicroseconds: UInt64
    /// Periods that a quota was in force for, and those in which it ran out.
    package var periods: UInt64?
    package var throttledPeriods: UInt64?
    package var throttledMicroseconds: UInt64?

    package init(parsing text: String) {
        let values = FlatKeyed(text)
        usageMicroseconds = values["usage_usec"] ?? 0
        userMicroseconds = values["user_usec"] ?? 0
        systemMicroseconds = values["system_usec"] ?? 0
        periods = values["nr_periods"]
        throttledPeriods = values["nr_throttled"]
        throttledMicroseconds = values["throttled_usec"]
    }
}

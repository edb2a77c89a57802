/// CPU requests and limits in the kernel's terms. Rounds as the kubelet's `MilliCPUToShares` and `MilliCPUToQuota` do.
package enum CPUArithmetic {
    package static let minShares: Int64 = 2
    package static let maxShares: Int64 = 262_144
    /// CFS period, microseconds.
    package static let defaultPeriod: Int64 = 100_000
    private static let minQuota: Int64 = 1_000

    package static func shares(milliCPU: Int64) -> Int64 {
        milliCPU == 0 ? minShares : min(max(milliCPU * 1_024 / 1_000, minShares), maxShares)
    }

    /// - Returns: Microseconds per `period`; 0 = no limit.
    package static func quota(milliCPU: Int64, period: Int64 = defaultPeriod) -> Int64 {
        milliCPU == 0 ? 0 : max(milliCPU * period / 1_000, minQuota)
    }

    /// The conversion that the kubelet uses for pod and QoS cgroups: linear, 2 → 1, 262144 → 10000.
    package static func linearWeight(shares: Int64) -> Int64 {
        1 + (min(max(shares, minShares), maxShares) - minShares) * 9_999 / (maxShares - minShares)
    }
}

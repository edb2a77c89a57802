import Glibc

/// Readings of the kernel's clocks, clock_gettime(2), in nanoseconds.
package enum KernelClock {
    /// Since 1970; jumps when somebody sets it. For timestamps.
    package static var realtimeNanoseconds: Int64 { read(CLOCK_REALTIME) }
    /// Since some start; never jumps, stands still in suspend. For durations.
    package static var monotonicNanoseconds: Int64 { read(CLOCK_MONOTONIC) }
    /// Since boot, suspend included: the clock of /proc/PID/stat's start time.
    package static var bootNanoseconds: Int64 { read(CLOCK_BOOTTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

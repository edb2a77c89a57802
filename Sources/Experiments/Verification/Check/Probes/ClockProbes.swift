internal import Glibc
internal import LinuxSystem

enum ClockProbes {
    static let all = [monotonic, realtime]

    /// Two readings apart by what both clocks call the same time.
    private static let monotonic = Probe(
        Feature(
            .clock, "monotonic clock", neededBy: "probe periods, back-offs, grace periods", lost: "timers fire too early or too late",
            mend: "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource, or another of available_clocksource")
    ) { _ in
        let source = (try? Files.readText("/sys/devices/system/clocksource/clocksource0/current_clocksource"))?.filter { !$0.isWhitespace }
        let (steady, boot) = (KernelClock.monotonicNanoseconds, KernelClock.bootNanoseconds)
        usleep(2000)
        let (steadyPassed, bootPassed) = (KernelClock.monotonicNanoseconds - steady, KernelClock.bootNanoseconds - boot)
        guard steadyPassed >= 1_900_000 else { return .no("2 ms of sleep were \(steadyPassed) ns") }
        guard abs(bootPassed - steadyPassed) < 1_000_000_000 else { return .poorly("CLOCK_BOOTTIME runs apart from CLOCK_MONOTONIC") }
        return .yes("moves; source \(source ?? "unknown")")
    }

    /// Certificates are valid from their making; a clock that is years behind would make none.
    private static let realtime = Probe(
        Feature(
            .clock, "time of day", neededBy: "certificates, timestamps of objects and logs",
            lost: "clients refuse the API server's certificate",
            mend: "timedatectl set-ntp true, or date -s")
    ) { _ in
        let seconds = KernelClock.realtimeNanoseconds / 1_000_000_000
        let firstRelease: Int64 = 1_735_689_600  // 2025-01-01, before which nobody can have had this program
        guard seconds >= firstRelease else { return .no("\(seconds) s since 1970: before this program was written") }
        let uptime = KernelClock.bootNanoseconds / 1_000_000_000
        return .yes("\(seconds) s since 1970, up for \(uptime) s")
    }
}

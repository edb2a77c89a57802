internal import APIMachinery
internal import CRI
internal import Glibc

/// What the whole machine uses, from `/proc`.
struct NodeUsage: Sendable, Hashable {
    var time: Timestamp
    var cpuNanoSeconds: UInt64 = 0
    var memoryBytes: UInt64 = 0
    var usageBytes: UInt64 = 0
    var workingSetBytes: UInt64 = 0
    var availableBytes: UInt64 = 0
    var rssBytes: UInt64 = 0
    var pageFaults: UInt64 = 0
    var majorPageFaults: UInt64 = 0
    var swapUsedBytes: UInt64 = 0
    var swapAvailableBytes: UInt64 = 0
    var interfaces: [NetworkInterfaceUsage] = []
    var defaultInterface = ""
    var processCount: Int64 = 0
    var processMax: Int64 = 0
    /// Seconds since the epoch.
    var bootTime: Int64 = 0

    static func read(at time: Timestamp) -> NodeUsage {
        func text(_ path: String) -> String {
            let bytes = (try? PodFiles.read("/proc/\(path)", maxBytes: 1 << 20)) ?? nil
            return String(decoding: bytes ?? [], as: UTF8.self)
        }
        var usage = NodeUsage(time: time)
        usage.addCPU(text("stat"), ticksPerSecond: UInt64(max(1, sysconf(CInt(_SC_CLK_TCK)))))
        usage.addMemory(text("meminfo"))
        usage.addFaults(text("vmstat"))
        usage.interfaces = Self.interfaces(text("net/dev"))
        usage.defaultInterface = Self.defaultInterface(text("net/route"))
        usage.processMax = Int64(text("sys/kernel/pid_max").filter(\.isNumber)) ?? 0
        // `0.00 0.01 0.05 RUNNING/ALL LAST`
        let tasks = text("loadavg").split(separator: " ").dropFirst(3).first?.split(separator: "/").last
        usage.processCount = tasks.flatMap { Int64($0) } ?? 0
        return usage
    }

    init(time: Timestamp) { self.time = time }

    /// proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal, of which idle and iowait are no use.
    mutating func addCPU(_ text: String, ticksPerSecond: UInt64) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.first == "cpu", fields.count >= 9 {
                let ticks = [1, 2, 3, 6, 7, 8].reduce(UInt64(0)) { $0 + (UInt64(fields[$1]) ?? 0) }
                cpuNanoSeconds = ticks * (1_000_000_000 / ticksPerSecond)
            } else if fields.first == "btime", fields.count == 2 {
                bootTime = Int64(fields[1]) ?? 0
            }
        }
    }

    /// As the kubelet has it of the root cgroup: use is everything but free memory, the working set use without inactive file pages.
    mutating func addMemory(_ text: String) {
        var values: [Substring: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split { $0 == " " || $0 == ":" }
            if fields.count >= 2, let kibibytes = UInt64(fields[1]) { values[fields[0]] = kibibytes << 10 }
        }
        func difference(_ left: UInt64, _ right: UInt64) -> UInt64 { left > right ? left - right : 0 }
        memoryBytes = values["MemTotal"] ?? 0
        usageBytes = difference(memoryBytes, values["MemFree"] ?? 0)
        workingSetBytes = difference(usageBytes, values["Inactive(file)"] ?? 0)
        availableBytes = difference(memoryBytes, workingSetBytes)
        rssBytes = values["AnonPages"] ?? 0
        swapAvailableBytes = values["SwapFree"] ?? 0
        swapUsedBytes = difference(values["SwapTotal"] ?? 0, swapAvailableBytes)
    }

    mutating func addFaults(_ text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.first == "pgfault" { pageFaults = UInt64(fields[1]) ?? 0 }
            if fields.first == "pgmajfault" { majorPageFaults = UInt64(fields[1]) ?? 0 }
        }
    }

    static func interfaces(_ text: String) -> [NetworkInterfaceUsage] {
        text.split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let numbers = line[line.index(after: colon)...].split(separator: " ").compactMap { UInt64($0) }
            var usage = NetworkInterfaceUsage(name: String(line[..<colon].drop { $0 == " " }))
            guard numbers.count >= 12, usage.name != "lo" else { return nil }
            (usage.rxBytes, usage.rxErrors, usage.txBytes, usage.txErrors) = (numbers[0], numbers[2], numbers[8], numbers[10])
            return usage
        }
    }

    /// The interface of the route to everywhere; proc_pid_net(5), route.
    static func defaultInterface(_ text: String) -> String {
        let route = text.split(separator: "\n").dropFirst().lazy.map { $0.split(separator: "\t") }.first {
            $0.count > 1 && $0[1] == "00000000"
        }
        return route.map { String($0[0]) } ?? ""
    }
}

/// A file system as statvfs(3) shows it.
struct FilesystemSpace: Sendable, Hashable {
    var capacityBytes: UInt64
    var availableBytes: UInt64
    var usedBytes: UInt64
    var inodes: UInt64
    var inodesFree: UInt64

    /// - Returns: nil when there is no such path.
    init?(_ path: String) {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        let block = UInt64(status.f_frsize)
        capacityBytes = UInt64(status.f_blocks) * block
        availableBytes = UInt64(status.f_bavail) * block
        usedBytes = UInt64(status.f_blocks - status.f_bfree) * block
        inodes = UInt64(status.f_files)
        inodesFree = UInt64(status.f_ffree)
    }
}

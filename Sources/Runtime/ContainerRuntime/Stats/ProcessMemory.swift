internal import CRI
internal import LinuxSystem

/// Memory of processes by what `/proc` tells of each: on machines whose memory controller is not in the v2 hierarchy.
enum ProcessMemory {
    static func sum(of processes: [Int32], now: Int64) -> MemoryUsage {
        var sum = MemoryUsage(timestamp: now, usageBytes: 0, workingSetBytes: 0, rssBytes: 0)
        for pid in processes {
            // One that has ended meanwhile uses nothing.
            guard let text = try? Files.readText("/proc/\(pid)/status") else { continue }
            let figures = parse(text)
            sum.usageBytes += figures.anonymous + figures.shared + figures.file
            sum.workingSetBytes += figures.anonymous + figures.shared + figures.file
            sum.rssBytes += figures.anonymous
        }
        return sum
    }

    /// Bytes resident, from the lines `RssAnon:  1234 kB` and the like of proc_pid_status(5).
    static func parse(_ text: String) -> (anonymous: UInt64, file: UInt64, shared: UInt64) {
        var figures: (anonymous: UInt64, file: UInt64, shared: UInt64) = (0, 0, 0)
        for line in text.split(separator: "\n") where line.hasPrefix("Rss") {
            let fields = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
            guard fields.count >= 2, let kibibytes = UInt64(fields[1]) else { continue }
            switch fields[0] {
            case "RssAnon": figures.anonymous = kibibytes << 10
            case "RssFile": figures.file = kibibytes << 10
            case "RssShmem": figures.shared = kibibytes << 10
            default: break
            }
        }
        return figures
    }
}

/// The counters of a network namespace's interfaces: `/proc/PID/net/dev`, proc_pid_net(5).
enum NetworkCounters {
    static func parse(_ text: String) -> [NetworkInterfaceUsage] {
        text.split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let numbers = line[line.index(after: colon)...].split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count >= 12 else { return nil }
            var usage = NetworkInterfaceUsage(name: String(line[..<colon].drop { $0 == " " }))
            (usage.rxBytes, usage.rxPackets, usage.rxErrors, usage.rxDropped) = (numbers[0], numbers[1], numbers[2], numbers[3])
            (usage.txBytes, usage.txPackets, usage.txErrors, usage.txDropped) = (numbers[8], numbers[9], numbers[10], numbers[11])
            return usage
        }
    }
}

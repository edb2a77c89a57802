import CRI
import ContainerRuntime
import Glibc

/// CPU time in microseconds, from /proc: user and system.
enum CPUTime {
    static var own: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
    }

    /// Of all supervisors.
    static var supervisors: Double { Processes.named("swiftlet-super").reduce(0) { $0 + ofProcess($1) } }

    private static func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }

    /// The scheduler's account of a process of one thread (proc(5), schedstat: nanoseconds).
    private static func ofProcess(_ pid: Int32) -> Double {
        (Processes.text("/proc/\(pid)/schedstat").split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1000
    }

    /// Of all that has run in a pod's cgroup: to the microsecond, where a parent's account of its children is in clock ticks.
    ///
    /// - Parameter path: Absolute.
    static func ofCgroup(_ path: String) -> Double {
        let line = Processes.text("\(path)/cpu.stat").split(separator: "\n").first { $0.hasPrefix("usage_usec ") }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    }
}

enum Memory {
    static func medianProportionalBytes(ofProcesses name: String) throws -> Double {
        let sizes = Processes.named(name).map(proportionalBytes).sorted()
        guard !sizes.isEmpty else { throw RuntimeError(.notFound, "no process \(name)") }
        return sizes[sizes.count / 2]
    }

    private static func proportionalBytes(_ pid: Int32) -> Double {
        let line = Processes.text("/proc/\(pid)/smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) * 1024
    }
}

enum Processes {
    static func named(_ name: String) -> [Int32] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [Int32] = []
        while let entry = readdir(directory) {
            let text = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // Run from memory, a program has no name of a file: its command line tells what it is.
            guard let pid = Int32(text), self.text("/proc/\(pid)/cmdline").hasPrefix(name) else { continue }
            found.append(pid)
        }
        return found
    }

    static func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

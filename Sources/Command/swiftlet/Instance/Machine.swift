internal import Glibc
internal import Kubelet
internal import LinuxSystem

/// What this program asks the machine about itself.
enum Machine {
    static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).lowercased()
    }

    /// The folder of this program's file.
    static var programFolder: String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(0, length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }

    /// As this program was started with: what containers get, whatever it raises for itself.
    private static let startingDescriptorLimit: ResourceLimit? = {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return ResourceLimit(.openFiles, soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
    }()

    /// The limits of containers' processes that are not those of this process; see ``raiseDescriptorLimit()``.
    static var containerLimits: [ResourceLimit] { startingDescriptorLimit.map { [$0] } ?? [] }

    /// A daemon holds some descriptors for each pod; the usual soft limit of 1024 is meant for select(2).
    static func raiseDescriptorLimit() {
        guard let start = startingDescriptorLimit else { return }
        var limit = rlimit(rlim_cur: rlim_t(start.hard), rlim_max: rlim_t(start.hard))
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    static func isDirectory(_ path: String) -> Bool { Files.isDirectory(path) }

    static var memoryBytes: Int64 { Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))) }

    static var processorCount: Int64 { Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The text of a small file; empty when there is none.
    static func text(of path: String) -> String {
        (try? Files.readText(path, limit: 1 << 20)) ?? ""
    }

    /// Whether a process lives that was started at this time (field 22 of /proc/PID/stat), so that a reused number is told apart.
    static func isAlive(pid: Int32, startTime: String) -> Bool { startTime == Self.startTime(of: pid) }

    static func startTime(of pid: Int32) -> String? {
        // The command's name, in parentheses, may hold anything: count from the last one.
        let stat = text(of: "/proc/\(pid)/stat")
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : nil
    }
}

internal import Glibc
internal import LinuxSystem

/// How many of a thing this machine gives.
enum LimitProbes {
    static let all =
        [
            number(
                "inotify instances", "/proc/sys/fs/inotify/max_user_instances", enough: 128,
                neededBy: "pods that watch files; two for each daemon", lost: "programs fail with \"too many open files\"",
                mend: "sysctl -w fs.inotify.max_user_instances=512"),
            number(
                "inotify watches", "/proc/sys/fs/inotify/max_user_watches", enough: 8192, neededBy: "pods that watch files",
                lost: "programs fail with \"no space left on device\"", mend: "sysctl -w fs.inotify.max_user_watches=524288"),
            number(
                "process ids", "/proc/sys/kernel/pid_max", enough: 32768, neededBy: "processes of all pods together",
                lost: "starts fail with \"resource temporarily unavailable\"", mend: "sysctl -w kernel.pid_max=4194304"),
            number(
                "threads", "/proc/sys/kernel/threads-max", enough: 16384, neededBy: "threads of all pods together",
                lost: "starts fail with \"resource temporarily unavailable\"", mend: "sysctl -w kernel.threads-max=120000"),
            number(
                "open files of the machine", "/proc/sys/fs/file-max", enough: 65536, neededBy: "files of all pods together",
                lost: "programs fail with \"too many open files in system\"", mend: "sysctl -w fs.file-max=1000000"),
            number(
                "user namespaces", "/proc/sys/user/max_user_namespaces", enough: 100, neededBy: "hostUsers: false",
                lost: "pods with hostUsers: false fail", mend: "sysctl -w user.max_user_namespaces=15000"),
            number(
                "network namespaces", "/proc/sys/user/max_net_namespaces", enough: 110, neededBy: "a network for each pod",
                lost: "pods beyond that fail", mend: "sysctl -w user.max_net_namespaces=15000"),
            number(
                "keys of root", "/proc/sys/kernel/keys/root_maxkeys", enough: 1000, neededBy: "a session keyring for each container",
                lost: "containers share the host's session keyring", mend: "sysctl -w kernel.keys.root_maxkeys=1000000"),
            openFiles, memory,
        ]

    /// - Parameter enough: Below it, a warning.
    private static func number(
        _ name: String, _ path: String, enough: Int, neededBy: String, lost: String, mend: String
    ) -> Probe {
        Probe(Feature(.limits, name, neededBy: neededBy, lost: lost, mend: mend)) { _ in
            guard let text = try? Files.readText(path) else { return .unknown("no \(path)") }
            // What is beyond Int is more than enough.
            let digits = text.filter(\.isNumber)
            guard let value = Int(digits) else { return digits.isEmpty ? .unknown("\(path) reads \"\(text)\"") : .yes(digits) }
            if value == 0 { return .no("0") }
            return value < enough ? .poorly("\(value), less than \(enough)") : .yes("\(value)")
        }
    }

    private static let openFiles = Probe(
        Feature(
            .limits, "open files of a process", neededBy: "the daemon, some for each pod; what containers may open",
            lost: "the daemon runs out of descriptors with many pods", mend: "ulimit -n 1048576; LimitNOFILE=1048576 in the unit")
    ) { _ in
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { throw SystemError("getrlimit", .current) }
        return limit.rlim_max < 8192 ? .poorly("\(limit.rlim_max), less than 8192") : .yes("\(limit.rlim_max)")
    }

    private static let memory = Probe(
        Feature(
            .limits, "memory", neededBy: "pods", lost: "little room for pods", mend: "add memory, or end what uses it")
    ) { _ in
        let lines = try Files.readText("/proc/meminfo").split(separator: "\n")
        func mebibytes(_ key: String) -> Int? {
            lines.first { $0.hasPrefix(key + ":") }.flatMap { Int($0.filter(\.isNumber)) }.map { $0 >> 10 }
        }
        guard let available = mebibytes("MemAvailable"), let total = mebibytes("MemTotal") else {
            return .unknown("/proc/meminfo does not say")
        }
        let swap = mebibytes("SwapTotal") ?? 0
        let text = "\(available) MiB of \(total) MiB available" + (swap > 0 ? ", \(swap) MiB swap" : "")
        return available < 100 ? .poorly(text) : .yes(text)
    }
}

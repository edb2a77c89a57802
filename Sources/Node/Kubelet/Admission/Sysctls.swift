package import KubernetesAPI

/// Which sysctls a pod may set.
package enum Sysctls {
    /// Namespaced and harmless to others.
    package static let safe: Set<String> = [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ]
    private static let ipcPrefixes = ["kernel.shm", "kernel.msg", "fs.mqueue."]

    /// `net.ipv4.conf.eth0/1.x` → `net/ipv4/…` is not undone: slashes as separators become dots, when the first separator is one.
    package static func dotted(_ name: String) -> String {
        guard let separator = name.first(where: { $0 == "." || $0 == "/" }), separator == "/" else { return name }
        return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }

    /// The first sysctl of the pod that is not allowed, as a rejection's message.
    package static func refusal(_ pod: Pod, allowedUnsafe: [String]) -> String? {
        for sysctl in pod.spec.securityContext?.sysctls ?? [] {
            let name = dotted(sysctl.name)
            if !safe.contains(name), !allowedUnsafe.contains(where: { matches(name, $0) }) {
                return "forbidden sysctl: \"\(name)\" not allowlisted"
            }
            if pod.usesHostNetwork, name.hasPrefix("net.") { return "forbidden sysctl: \"\(name)\" not allowed with host net enabled" }
            if pod.spec.hostIPC ?? false, name == "kernel.sem" || ipcPrefixes.contains(where: { name.hasPrefix($0) }) {
                return "forbidden sysctl: \"\(name)\" not allowed with host ipc enabled"
            }
        }
        return nil
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }
}

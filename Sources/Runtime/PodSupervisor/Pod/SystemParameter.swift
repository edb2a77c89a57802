#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// A kernel parameter by its sysctl(8) name, and the namespace it belongs to.
struct SystemParameter {
    /// Below /proc/sys.
    let path: Text
    /// nil: the whole host's.
    let namespace: NamespaceKinds?

    /// nil when the name has empty or dotted parts. With a slash as first separator the name is a path already (sysctl.d(5)).
    init?(_ name: [UInt8]) {
        let separators = name.filter { byte in byte == 0x2e || byte == 0x2f }
        let swaps = separators.first == 0x2e
        let path = name.map { byte in
            swaps && byte == 0x2e ? UInt8(0x2f) : swaps && byte == 0x2f ? 0x2e : byte
        }
        for part in path.split(separator: 0x2f, omittingEmptySubsequences: false) {
            if part.isEmpty || part.elementsEqual([0x2e]) || part.elementsEqual([0x2e, 0x2e]) { return nil }
        }
        self.path = Text("/proc/sys/") + path
        namespace = Self.namespace(of: path)
    }

    /// Kubernetes's list of namespaced parameters (pod-security-context sysctls).
    private static func namespace(of path: [UInt8]) -> NamespaceKinds? {
        func begins(_ prefix: StaticString) -> Bool { path.starts(with: Text(prefix).bytes) }
        if begins("net/") { return .network }
        if begins("fs/mqueue/") || begins("kernel/shm") || begins("kernel/msg") { return .ipc }
        return path == Text("kernel/sem").bytes ? .ipc : nil
    }
}

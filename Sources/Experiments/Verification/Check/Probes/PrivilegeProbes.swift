internal import Glibc
internal import LinuxSystem

enum PrivilegeProbes {
    static let all = [root, capabilities, resources]

    private static let root = Probe(
        Feature(
            .privileges, "root", neededBy: "every pod", lost: "no pod can be started", mend: "run swiftlet with sudo")
    ) { place in
        place.isRoot ? .yes("uid 0") : .unknown("uid \(geteuid()): what needs root is not probed")
    }

    /// What the runtime does with each, see capabilities(7).
    private static let needed = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE",
        "NET_ADMIN",
        "NET_RAW", "SYS_CHROOT", "SYS_PTRACE", "SYS_ADMIN", "MKNOD", "AUDIT_WRITE", "SETFCAP",
    ]

    private static let capabilities = Probe(
        Feature(
            .privileges, "capabilities", neededBy: "namespaces, mounts, network, and those that containers get by default",
            lost: "what a missing one stands for fails when a pod asks for it",
            mend: "start swiftlet outside of a container, or in a privileged one (docker run --privileged)")
    ) { place in
        let held = try ProcessStatus.read(pid: getpid()).capabilities
        guard place.isRoot else { return .unknown("not root: \(held.effective.names.count) held") }
        let usable = held.effective.intersection(held.bounding)
        let missing = needed.filter { name in CapabilitySet(name: name).map { !usable.isSuperset(of: $0) } ?? true }
        guard missing.isEmpty else { return .no("missing: \(missing.joined(separator: ", "))") }
        let all = CapabilitySet.all.subtracting(usable).names
        return all.isEmpty
            ? .yes("all \(usable.names.count)") : .yes("\(usable.names.count); privileged containers lack \(all.joined(separator: ", "))")
    }

    /// Without it the nearest allowed value is taken, and each pod says so.
    private static let resources = Probe(
        Feature(
            .privileges, "CAP_SYS_RESOURCE",
            neededBy: "oom_score_adj below this process's own, limits of processes above this process's own",
            lost: "containers get the nearest allowed oom_score_adj and limits; their status says which",
            mend: "start swiftlet outside of a container, or in a privileged one (docker run --privileged)", isRequired: false)
    ) { place in
        let held = try ProcessStatus.read(pid: getpid()).capabilities.effective
        guard place.isRoot else { return .unknown("not root") }
        return held.isSuperset(of: CapabilitySet(name: "SYS_RESOURCE") ?? []) ? .yes("held") : .no("not held")
    }
}

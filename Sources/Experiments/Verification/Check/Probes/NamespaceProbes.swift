internal import Glibc
internal import LinuxSystem

/// Each kind of namespace, made for a child that shows another one than this process has.
enum NamespaceProbes {
    static let all: [Probe] = [
        probe(.mount, "mnt", neededBy: "every container", lost: "no pod can be started"),
        probe(.pid, "pid", neededBy: "every container without hostPID", lost: "containers can't be kept from each other's processes"),
        probe(.network, "net", neededBy: "every pod without hostNetwork", lost: "pods have no network of their own"),
        probe(.ipc, "ipc", neededBy: "every pod without hostIPC", lost: "no pod can be started"),
        probe(.uts, "uts", neededBy: "a pod's own hostname", lost: "no pod can be started"),
        probe(.cgroup, "cgroup", neededBy: "containers that see only their own cgroup", lost: "no container can be started"),
        user,
        probe(
            .time, "time", neededBy: "experiments that shift the monotonic clock", lost: "the clock of pods can't be shifted",
            isRequired: false),
        joining,
    ]

    private static func probe(
        _ kind: CloneFlags, _ file: String, neededBy: String, lost: String, isRequired: Bool = true
    ) -> Probe {
        let option = file == "mnt" ? "CONFIG_NAMESPACES" : "CONFIG_\(file == "cgroup" ? "CGROUPS" : "\(file.uppercased())_NS")"
        let feature = Feature(
            .namespaces, "\(kind) namespace", neededBy: neededBy, lost: lost,
            mend: "run a kernel built with \(option); sysctl -w user.max_\(file)_namespaces=15000", isRequired: isRequired)
        return .asRoot(feature) { _ in
            try ProbeChild.run(kind) { child in try isAnother(kind, child.pid) }
        }
    }

    private static func isAnother(_ kind: CloneFlags, _ pid: Int32) throws -> Probe.Answer {
        let (own, other) = (try NamespaceID.of(pid: getpid(), kind), try NamespaceID.of(pid: pid, kind))
        return own == other ? .no("the child is in this process's namespace") : .yes("made: \(kind):[\(other.inode)]")
    }

    /// Also without root, as far as the machine lets everybody.
    private static let user = Probe(
        Feature(
            .namespaces, "user namespace", neededBy: "hostUsers: false", lost: "pods with hostUsers: false are refused",
            mend:
                "sysctl -w user.max_user_namespaces=15000 (and kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0 where they exist)"
        )
    ) { place in
        try ProbeChild.run(.user) { child in
            guard place.isRoot else { return try isAnother(.user, child.pid) }
            try Files.write("0 \(IDRange.first) \(IDRange.count)", to: "/proc/\(child.pid)/uid_map")
            try Files.write("0 \(IDRange.first) \(IDRange.count)", to: "/proc/\(child.pid)/gid_map")
            return .yes("made, \(IDRange.count) ids mapped")
        }
    }

    /// As exec and the supervisor do: several namespaces of a process at once, by its pidfd (Linux 5.8).
    private static let joining = Probe.asRoot(
        Feature(
            .namespaces, "setns by pidfd", neededBy: "exec, exec probes, hooks", lost: "no command can be run in a container",
            mend: "run a kernel of Linux 5.14 or newer")
    ) { _ in
        try ProbeChild.run([.uts, .ipc]) { child in
            // This thread is the probe's own, and has nothing more to do.
            try ThreadNamespaces.join(child.pidfd, [.uts, .ipc])
            let own = try NamespaceID(OwnedFD.namespace(.uts))
            return try own == NamespaceID.of(pid: child.pid, .uts) ? .yes("two were joined at once") : .no("the thread stayed where it was")
        }
    }
}

/// Ids that a user namespace of a pod would get.
enum IDRange {
    static let first: UInt32 = 65_536
    static let count: UInt32 = 65_536
}

internal import LinuxSystem

/// What confines a container, put in force for a child and read back from the kernel.
enum SecurityProbes {
    static let all = [seccomp, noNewPrivileges, identity]

    private static let seccomp = Probe(
        Feature(
            .security, "seccomp filters", neededBy: "seccompProfile: RuntimeDefault, Localhost",
            lost: "containers that ask for a seccomp profile can't be started", mend: "run a kernel built with CONFIG_SECCOMP_FILTER")
    ) { _ in
        let filter = try SeccompFilter.runtimeDefault(capabilities: .containerDefault)
        return try ProbeChild.run(prepare: {
            $0.noNewPrivileges()
            $0.seccomp(filter)
        }) { child in
            let status = try ProcessStatus.read(pid: child.pid)
            return status.seccomp == .filter
                ? .yes("RuntimeDefault: \(filter.instructions.count / 8) instructions in force")
                : .no("loaded, but the mode is \(status.seccomp)")
        }
    }

    private static let noNewPrivileges = Probe(
        Feature(
            .security, "no_new_privs", neededBy: "allowPrivilegeEscalation: false", lost: "such containers can't be started",
            mend: "run a kernel of Linux 5.14 or newer")
    ) { _ in
        try ProbeChild.run(prepare: { $0.noNewPrivileges() }) { child in
            try ProcessStatus.read(pid: child.pid).noNewPrivileges ? .yes("set") : .no("set, but not in force")
        }
    }

    private static let identity = Probe.asRoot(
        Feature(
            .security, "user, groups and capability sets", neededBy: "runAsUser, runAsGroup, supplementalGroups, capabilities",
            lost: "containers run with more than they should, so they are not started",
            mend: "start swiftlet outside of a container, or in a privileged one")
    ) { _ in
        let granted = CapabilitySet(name: "NET_BIND_SERVICE") ?? []
        let wanted = CapabilitySets(bounding: granted, effective: granted, permitted: granted, inheritable: granted, ambient: granted)
        return try ProbeChild.run(prepare: {
            $0.boundingSet(granted)
            $0.groups([1001, 1002])
            $0.gid(1001)
            $0.uid(1000)
            $0.capabilities(wanted)
        }) { child in
            let status = try ProcessStatus.read(pid: child.pid)
            guard status.uids == [1000, 1000, 1000, 1000], status.gids.first == 1001, Set(status.groups) == [1001, 1002] else {
                return .no("uid \(status.uids), gid \(status.gids), groups \(status.groups)")
            }
            return status.capabilities == wanted ? .yes("all five sets and three groups set") : .no("the capability sets read otherwise")
        }
    }
}

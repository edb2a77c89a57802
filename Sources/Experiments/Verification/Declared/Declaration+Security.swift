internal import KubernetesAPI
internal import LinuxSystem

extension Declaration {
    func isPrivileged(_ container: Container) -> Bool { container.securityContext?.privileged ?? false }

    /// The five sets after execve(2), capabilities(7): root keeps what it was granted, anybody else only its bounding set.
    func capabilityExpectations(_ container: Container) -> [Expectation] {
        let granted = granted(container)
        let running = facts.containers.first { $0.name == container.name }
        let uid = running.flatMap { identity($0, container)?.uid }
        let change = container.securityContext?.capabilities
        let formula =
            isPrivileged(container)
            ? "privileged: all that the machine has"
            : "the usual 14, add \(list(change?.add ?? [])), drop \(list(change?.drop ?? []))"
        let path = "\(container.name)/capabilities"
        var expectations = [
            Expectation(
                "\(path)/bounding", .sameMembers(granted.names), why: "more could be gained by a set-uid program", formula: formula),
            Expectation(
                "\(path)/inheritable", .sameMembers([]), why: "programs with file capabilities would get more", formula: "always empty"),
            Expectation("\(path)/ambient", .sameMembers([]), why: "programs of ordinary users would get more", formula: "always empty"),
        ]
        guard let uid else { return expectations }
        let inForce = uid == 0 ? granted.names : []
        let reason = uid == 0 ? formula : "user \(uid) is not root: execve(2) clears it"
        for set in ["effective", "permitted"] {
            expectations.append(
                Expectation("\(path)/\(set)", .sameMembers(inForce), why: "it could do more, or less, than it was granted", formula: reason)
            )
        }
        return expectations
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "nothing" : names.joined(separator: " ") }

    private func granted(_ container: Container) -> CapabilitySet {
        let available = facts.node.capabilities
        guard !isPrivileged(container) else { return available }
        let change = container.securityContext?.capabilities
        let (add, drop) = (change?.add ?? [], change?.drop ?? [])
        var granted = CapabilitySet.containerDefault.intersection(available)
        if add.contains(where: { $0.uppercased() == "ALL" }) { granted = available }
        if drop.contains(where: { $0.uppercased() == "ALL" }) { granted = [] }
        for name in add { granted.formUnion(CapabilitySet(name: name) ?? []) }
        for name in drop { granted.subtract(CapabilitySet(name: name) ?? []) }
        return granted
    }

    func securityExpectations(_ container: Container) -> [Expectation] {
        let own = container.securityContext ?? SecurityContext()
        let path = "\(container.name)/security"
        let profile = own.seccompProfile ?? spec.securityContext?.seccompProfile
        let type = isPrivileged(container) ? "Unconfined" : profile?.type ?? (facts.node.isSeccompDefault ? "RuntimeDefault" : "Unconfined")
        let isEscalationAllowed = own.allowPrivilegeEscalation ?? true
        return [
            Expectation(
                "\(path)/seccomp", .equals(type == "Unconfined" ? "unconfined" : "filter"),
                why: "calls of the kernel would be open that the profile closes, or closed that the program needs",
                formula: isPrivileged(container) ? "privileged" : "seccompProfile: \(profile?.type ?? "none, so \(type)")"),
            Expectation(
                "\(path)/noNewPrivs", .equals(isEscalationAllowed ? "no" : "yes"), why: "a set-uid program could become root",
                formula: "allowPrivilegeEscalation: \(isEscalationAllowed)"),
        ]
    }

    /// What every container may not read, or not write, unless its proc is unmasked (KEP-4265; containerd's and CRI-O's lists).
    func protectedPaths(_ container: Container) -> (masked: [String], readOnly: [String]) {
        (
            [
                "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
            ], ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        )
    }

    func protectionExpectations(_ container: Container) -> [Expectation] {
        let isOpen = isPrivileged(container) || container.securityContext?.procMount == "Unmasked"
        let paths = protectedPaths(container)
        let formula = isPrivileged(container) ? "privileged" : "procMount: \(container.securityContext?.procMount ?? "Default")"
        let masked = paths.masked.map { path in
            Expectation(
                "\(container.name)/covered[\(path)]", .oneOf([isOpen ? "open" : "masked", "not there"]),
                why: isOpen ? "it was asked to be open" : "it tells of the machine, or changes it", formula: formula)
        }
        let readOnly = paths.readOnly.map { path in
            Expectation(
                "\(container.name)/covered[\(path)]", .oneOf(isOpen ? ["open", "not there"] : ["read-only", "masked", "not there"]),
                why: isOpen ? "it was asked to be writable" : "writing to it changes the machine", formula: formula)
        }
        return masked + readOnly
    }

    /// The nodes that the OCI runtime specification gives every container, "Default Devices".
    func deviceExpectations(_ container: Container) -> [Expectation] {
        let usual = ["/dev/full c 1:7", "/dev/null c 1:3", "/dev/random c 1:8", "/dev/tty c 5:0", "/dev/urandom c 1:9", "/dev/zero c 1:5"]
        let path = "\(container.name)/devices"
        var expectations = [
            Expectation(
                path, .includes(usual), why: "programs need them, and trust them to be what their names say", formula: "every container's")
        ]
        let hasOwn = container.volumeMounts.contains { $0.mountPath == "/dev" || $0.mountPath.hasPrefix("/dev/") }
        if !isPrivileged(container), container.volumeDevices.isEmpty, !hasOwn {
            expectations.append(
                Expectation(
                    "\(path)/others", .sameMembers([]), why: "a device of the machine could be read or written from inside",
                    formula: "not privileged, no volumeDevices"))
        }
        if facts.isManaged {
            let isFiltered = !isPrivileged(container)
            expectations.append(
                Expectation(
                    "\(container.name)/cgroup/deviceFilters", isFiltered ? .atLeast(1) : .present,
                    why: "any device node that it makes could be used", formula: isFiltered ? "not privileged" : "privileged",
                    isDefault: !isFiltered))
        }
        return expectations
    }
}

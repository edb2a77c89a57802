import LinuxSystem

/// The usual container of the tests: own namespaces, overlay root, proc, sys, dev, default capabilities.
struct ContainerPlan {
    var namespaces: CloneFlags = [.mount, .pid, .ipc, .uts, .cgroup, .network]
    var command = ["/bin/sh", "-c", "true"]
    var candidates: [String]?
    var capabilities = CapabilitySet.containerDefault
    var uid: UInt32 = 0
    var noNewPrivileges = true
    var seccomp: SeccompFilter?
    var maskedPaths = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/absent", "/proc/scsi", "/sys/firmware"]
    var readOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    var workingDirectory = "/"
    /// Called where a volume would be mounted.
    var extra: (inout ProcessPlan) -> Void = { _ in }
    var cgroupInput = false

    func plan(on root: RootFixture) -> ProcessPlan {
        var plan = ProcessPlan(cloneFlags: namespaces)
        let standard = Standard.inputs(&plan)
        if cgroupInput { plan.cgroup = plan.input("cgroup") }
        plan.propagation(.private)
        let rootfs = root.overlay(&plan)
        plan.root(detached: rootfs)
        mounts(&plan)
        extra(&plan)
        for path in maskedPaths { plan.mask(path) }
        for path in readOnlyPaths { plan.readOnly(path) }
        plan.pivotRoot()
        plan.setSID()
        plan.standard(standard)
        plan.hostname("box")
        identity(&plan)
        plan.exec(arguments: command, environment: ["PATH=/bin"], candidates: candidates ?? [command[0]])
        return plan
    }

    func mounts(_ plan: inout ProcessPlan) {
        let safe: MountAttributes = [.noSUID, .noDevices, .noExecute]
        plan.mount(type: "proc", source: "proc", target: "/proc", attributes: safe)
        plan.mount(
            type: "tmpfs", source: "tmpfs", target: "/dev", options: ["mode=755", "size=65536k"], attributes: [.noSUID, .strictAccessTime])
        plan.mount(type: "sysfs", source: "sysfs", target: "/sys", attributes: [safe, .readOnly])
        for (name, major, minor) in [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)] {
            plan.makeCharacterDevice("/dev/\(name)", major: UInt32(major), minor: UInt32(minor))
        }
        plan.makeDirectory("/dev/pts")
        plan.makeDirectory("/dev/shm", mode: 0o1777)
        plan.mount(
            type: "devpts", source: "devpts", target: "/dev/pts", options: ["newinstance", "ptmxmode=0666", "mode=0620"],
            attributes: [.noSUID, .noExecute])
        plan.mount(type: "tmpfs", source: "shm", target: "/dev/shm", options: ["mode=1777", "size=65536k"], attributes: safe)
        for (path, content) in [
            ("fd", "/proc/self/fd"), ("ptmx", "pts/ptmx"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
        ] {
            plan.symlink("/dev/\(path)", to: content)
        }
    }

    func identity(_ plan: inout ProcessPlan) {
        plan.rlimit(ResourceLimit(.openFiles, soft: 512, hard: 1024))
        plan.umask(0o022)
        plan.boundingSet(capabilities)
        plan.changeDirectory(workingDirectory, create: true)
        plan.groups([])
        plan.gid(uid)
        plan.uid(uid)
        plan.capabilities(CapabilitySets(container: capabilities))
        if noNewPrivileges { plan.noNewPrivileges() }
        if let seccomp { plan.seccomp(seccomp) }
    }
}

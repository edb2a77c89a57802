internal import Cgroups
internal import Glibc
internal import LinuxSystem

/// Each controller is handed on to a cgroup made for it, and a limit set there is read back.
enum CgroupProbes {
    static let all = [Probe([mount] + controllers.map(\.feature) + [birth, killing, devices], ask)]

    private static let unify =
        "boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all, or mount no cgroup v1 hierarchies"

    private static let mount = Feature(
        .cgroups, "cgroup v2 mount", neededBy: "every pod", lost: "no pod can be started", mend: "mount -t cgroup2 none /sys/fs/cgroup")

    struct Controller {
        var kind: CgroupController
        /// A file and a value that only a cgroup with the controller takes; what reads back is the same.
        var file: String
        var value: String
        var feature: Feature

        init(_ kind: CgroupController, _ file: String, _ value: String, neededBy: String, lost: String, isRequired: Bool) {
            (self.kind, self.file, self.value) = (kind, file, value)
            feature = Feature(
                .cgroups, "\(kind.rawValue) controller", neededBy: neededBy, lost: lost, mend: unify, isRequired: isRequired)
        }
    }

    private static let controllers = [
        Controller(
            .cpu, "cpu.max", "50000 100000", neededBy: "limits.cpu, requests.cpu", lost: "CPU limits and shares are not enforced",
            isRequired: true),
        Controller(
            .memory, "memory.max", "67108864", neededBy: "limits.memory, OOM kills, working set statistics",
            lost: "memory limits are not enforced: no container is ever OOMKilled", isRequired: true),
        Controller(
            .pids, "pids.max", "100", neededBy: "--pod-max-pids, the node's own process limit",
            lost: "a fork bomb in a pod can take all process ids of the machine", isRequired: true),
        Controller(
            .io, "io.weight", "default 200", neededBy: "experiments that slow a disk down", lost: "disks can't be slowed down for a pod",
            isRequired: false),
        Controller(
            .cpuset, "cpuset.cpus", "0", neededBy: "pinning of containers to processors", lost: "containers can't be pinned to processors",
            isRequired: false),
        Controller(
            .hugetlb, "hugetlb.2MB.max", "0", neededBy: "limits of hugepages-2Mi", lost: "limits of huge pages are not enforced",
            isRequired: false),
    ]

    private static let birth = Feature(
        .cgroups, "birth in a cgroup", neededBy: "containers that are never outside of their limits",
        lost: "no container can be started", mend: "run a kernel of Linux 5.14 or newer")
    private static let killing = Feature(
        .cgroups, "cgroup.kill", neededBy: "ending all of a container at once",
        lost: "containers are ended process by process, which takes longer",
        mend: "run a kernel of Linux 5.14 or newer", isRequired: false)
    private static let devices = Feature(
        .cgroups, "device filter", neededBy: "containers that may only use their own devices",
        lost: "no unprivileged container can be started",
        mend: "run a kernel built with CONFIG_CGROUP_BPF; inside a container, allow bpf(2)")

    private static func ask(_ place: CheckPlace) -> [Probe.Answer] {
        let count = controllers.count + 3
        let hierarchy: CgroupHierarchy
        do {
            hierarchy = try CgroupHierarchy.find()
        } catch {
            return [.no("\(error)")] + Array(repeating: .unknown("no cgroup v2 mount to try it on"), count: count)
        }
        let root = hierarchy.absolutePath(root: place.cgroupRoot ?? hierarchy.defaultRoot())
        let found = Probe.Answer.yes(hierarchy.mountPoint == root ? root : "\(hierarchy.mountPoint), pods below \(root)")
        guard place.isRoot else { return [found] + Array(repeating: .unknown(Probe.notRoot), count: count) }
        do {
            return try [found] + answers(root: root)
        } catch {
            return [found] + Array(repeating: Probe.answer(to: error, place), count: count)
        }
    }

    private static func answers(root: String) throws -> [Probe.Answer] {
        let parent = try Cgroup(opening: nearest(root))
        let name = "swiftlet-check-\(getpid())"
        let before = CgroupControllers(parsing: try parent.read("cgroup.subtree_control"))
        let cgroup = try parent.createChild(name)
        defer { try? parent.removeChild(name, timeout: .seconds(2)) }
        let available = try parent.controllers()
        var answers = controllers.map { delegate($0, from: parent, to: cgroup, available, before) }
        answers += [attempt { try bear(in: cgroup) }, attempt { try kill(cgroup) }, attempt { try filter(cgroup) }]
        // What was not handed on before is not handed on afterwards, unless somebody uses it by now.
        for controller in available.subtracting(before).members {
            try? parent.write("-\(controller.rawValue)", to: "cgroup.subtree_control")
        }
        return answers
    }

    /// The root itself need not be there yet.
    private static func nearest(_ root: String) -> String {
        var path = root
        while !Files.isDirectory(path), let slash = path.lastIndex(of: "/"), slash != path.startIndex { path = String(path[..<slash]) }
        return path
    }

    private static func attempt(_ body: () throws -> Probe.Answer) -> Probe.Answer {
        do { return try body() } catch { return .no("\(error)") }
    }

    private static func delegate(
        _ controller: Controller, from parent: borrowing Cgroup, to cgroup: borrowing Cgroup, _ available: CgroupControllers,
        _ enabled: CgroupControllers
    ) -> Probe.Answer {
        guard available.contains(.init(controller.kind)) else {
            let known = (try? Files.readText("/proc/cgroups")) ?? ""
            return .no(CgroupHierarchy.whyMissing(controller.kind, procCgroups: known, in: parent.path))
        }
        do {
            if !enabled.contains(.init(controller.kind)) { try parent.write("+\(controller.kind.rawValue)", to: "cgroup.subtree_control") }
            guard let present = try cgroup.readIfPresent(controller.file) else {
                // A kernel can have the controller without this knob (io.weight needs an I/O scheduler, huge pages a size of 2 MiB).
                return .poorly("handed on, but this kernel has no \(controller.file)")
            }
            try cgroup.write(controller.value, to: controller.file)
            let read = try cgroup.read(controller.file).split(separator: "\n").first.map(String.init) ?? ""
            return read == controller.value
                ? .yes("\(controller.file) took \"\(controller.value)\"")
                : .no("\(controller.file) was \"\(present)\", took \"\(controller.value)\" and reads \"\(read)\"")
        } catch {
            return .no("\(error)")
        }
    }

    private static func bear(in cgroup: borrowing Cgroup) throws -> Probe.Answer {
        let name = "born"
        let child = try cgroup.createChild(name)
        defer { try? cgroup.removeChild(name, timeout: .seconds(2)) }
        return try ProbeChild.run(descriptors: [child.directory.rawValue], prepare: { $0.cgroup = $0.input("cgroup") }) { process in
            try child.processes().contains(process.pid)
                ? .yes("a child was born in it") : .no("the child is not in the cgroup it was to be born in")
        }
    }

    private static func kill(_ cgroup: borrowing Cgroup) throws -> Probe.Answer {
        let name = "killed"
        let child = try cgroup.createChild(name)
        defer { try? cgroup.removeChild(name, timeout: .seconds(2)) }
        return try ProbeChild.run(descriptors: [child.directory.rawValue], prepare: { $0.cgroup = $0.input("cgroup") }) { process in
            try child.write("1", to: "cgroup.kill")
            guard case .killed(SIGKILL) = try process.pidfd.waitForExit() else { return .no("the child ended otherwise") }
            return .yes("a child was killed with its cgroup")
        }
    }

    private static func filter(_ cgroup: borrowing Cgroup) throws -> Probe.Answer {
        let filter = try DeviceFilter(rules: DeviceRule.containerDefaults)
        try filter.attach(to: cgroup)
        return try cgroup.deviceFilterCount() == 1 ? .yes("loaded and attached") : .no("attached, but the kernel does not tell of it")
    }
}

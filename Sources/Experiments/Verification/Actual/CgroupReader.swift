internal import Cgroups
internal import Glibc
internal import LinuxSystem

/// The files of a container's cgroup and of its pod's, the cgroup above it.
struct CgroupReader {
    private let hierarchy: CgroupHierarchy
    private let controllersOnV1: String

    init() throws(SystemError) {
        hierarchy = try CgroupHierarchy.find()
        controllersOnV1 = (try? Files.readText("/proc/cgroups")) ?? ""
    }

    private static let files = [
        "cpu.weight", "cpu.max", "cpu.max.burst", "cpu.idle", "memory.max", "memory.swap.max", "memory.min", "memory.low", "memory.high",
        "memory.oom.group", "pids.max", "cpuset.cpus", "cpuset.mems", "io.max", "cgroup.freeze",
    ]

    /// - Returns: The cgroup's path, that of the pod above it being its directory.
    @discardableResult
    func read(_ name: String, pid: Int32, into findings: inout Findings) -> String? {
        let place = "/proc/\(pid)/cgroup"
        guard let text = try? Files.readText(place), let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else {
            findings[name + "/cgroup/path"] = Finding(.unreadable("no line 0::"), at: place)
            return nil
        }
        let path = hierarchy.mountPoint + line.dropFirst(3)
        findings.set("\(name)/cgroup/path", path, at: place)
        read("\(name)/cgroup", at: path, into: &findings)
        return path
    }

    func read(_ prefix: String, at path: String, into findings: inout Findings) {
        do {
            let cgroup = try Cgroup(opening: path)
            let controllers = try cgroup.controllers()
            let pages = (try? Files.names(in: path))?.filter { $0.hasPrefix("hugetlb.") && $0.hasSuffix("B.max") } ?? []
            for file in Self.files + pages { findings["\(prefix)/\(file)"] = finding(file, cgroup, controllers) }
            findings["\(prefix)/deviceFilters"] = filters(cgroup)
        } catch {
            for file in Self.files { findings.fail("\(prefix)/\(file)", error, at: "\(path)/\(file)") }
        }
    }

    private func finding(_ file: String, _ cgroup: borrowing Cgroup, _ controllers: CgroupControllers) -> Finding {
        let place = "\(cgroup.path)/\(file)"
        if let controller = CgroupController(file: file), !controllers.contains(.init(controller)) {
            let why = CgroupHierarchy.whyMissing(controller, procCgroups: controllersOnV1, in: cgroup.path)
            return Finding(.unenforceable("\(controller.rawValue) controller: \(why)"), at: place)
        }
        do {
            guard let text = try cgroup.readIfPresent(file) else { return absent(file, place) }
            let lines = text.split(separator: "\n").map(String.init)
            return Finding(file == "io.max" ? .list(lines) : .value(lines.first ?? ""), at: place)
        } catch {
            return Finding(.unreadable("\(error)"), at: place)
        }
    }

    /// A file that this kernel does not have for this value: what it would forbid can't happen.
    private func absent(_ file: String, _ place: String) -> Finding {
        if file == "memory.swap.max", !hasSwap { return Finding(.value("0"), at: "/proc/swaps, the machine has no swap") }
        let harmless = ["cpu.max.burst": "0", "cpu.idle": "0", "io.max": ""]
        if let value = harmless[file] { return Finding(value.isEmpty ? .list([]) : .value(value), at: "\(place), which this kernel lacks") }
        return Finding(.unenforceable("this kernel has no \(file)"), at: place)
    }

    private var hasSwap: Bool { ((try? Files.readText("/proc/swaps")) ?? "").split(separator: "\n").count > 1 }

    private func filters(_ cgroup: borrowing Cgroup) -> Finding {
        let place = "\(cgroup.path), bpf(2) BPF_PROG_QUERY"
        do {
            return Finding(.value("\(try cgroup.deviceFilterCount())"), at: place)
        } catch {
            return Finding(.unreadable("\(error)"), at: place)
        }
    }
}

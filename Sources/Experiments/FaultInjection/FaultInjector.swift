package import Cgroups
internal import Glibc
internal import LinuxSystem

/// Does to running pods what experiments ask for, by process id, without their runtime knowing.
package struct FaultInjector: Sendable {
    private let hierarchy: CgroupHierarchy
    /// Whose disk is meant by disk faults.
    private let dataDirectory: String

    package init(hierarchy: CgroupHierarchy, dataDirectory: String) {
        self.hierarchy = hierarchy
        self.dataDirectory = dataDirectory
    }

    /// Begins a fault.
    ///
    /// - Returns: What ends it; it may be called when the pod is gone.
    package func begin(_ fault: KernelFault, on target: FaultTarget) throws -> @Sendable () throws -> Void {
        do {
            switch fault {
            case .freeze, .memory, .cpu: return try apply(fault, target, device: "")
            case .disk: return try apply(fault, target, device: try Disk.device(under: dataDirectory))
            case .full(let volume): return try FullVolume(path: target.volumes(volume)).fill()
            case .network(let network): return try PodLink(pid: target.pid).set(network.discipline)
            case .dns: return try PodNames(pid: target.pid).silence()
            }
        } catch { throw FaultError("\(fault.name) of \(target.pod)/\(target.container): \(error)") }
    }

    private func apply(_ fault: KernelFault, _ target: FaultTarget, device: String) throws -> @Sendable () throws -> Void {
        try ProcessCgroup(pid: target.pid, hierarchy).apply(fault.cgroupChanges(device: device))
    }

    /// Sends a signal to a container's first process.
    package func send(signal: Int32, to target: FaultTarget) throws {
        do { try OwnedFD.process(target.pid).send(signal: signal) } catch {
            throw FaultError("signal \(signal) to \(target.pod)/\(target.container), process \(target.pid): \(error)")
        }
    }

    /// Kills the process that keeps the pod's namespaces and waits for its containers.
    package func killSupervisor(of target: FaultTarget) throws {
        do {
            let parent = try ProcessStatus.read(pid: target.pid).parentPID
            let descriptor = try OwnedFD.process(parent)
            // It runs from a copy in memory, so only its arguments tell its name.
            let name = try Files.readText("/proc/\(parent)/cmdline").prefix { $0 != "\0" }
            guard name.hasPrefix("swiftlet-supervisor") else {
                throw FaultError("the parent of process \(target.pid) is \(name), process \(parent)")
            }
            try descriptor.send(signal: SIGKILL)
        } catch { throw FaultError("kill the supervisor of pod \(target.pod): \(error)") }
    }
}

/// A file system in memory that is made just as large as what is in it.
struct FullVolume {
    let path: String

    func fill() throws -> @Sendable () throws -> Void {
        guard try isInMemory else { throw FaultError("\(path) is no emptyDir in memory (medium: Memory)") }
        let before = try state()
        let block = UInt64(before.f_frsize)
        let (total, used) = (UInt64(before.f_blocks) * block, UInt64(before.f_blocks - before.f_bfree) * block)
        try resize(to: max(used, block))
        return { [self] in try resize(to: total) }
    }

    /// A line of proc_pid_mountinfo(5): … MOUNT-POINT … - TYPE …
    private var isInMemory: Bool {
        get throws {
            try Files.readText("/proc/self/mountinfo").split(separator: "\n").contains { line in
                let words = line.split(separator: " ")
                guard words.count > 4, words[4] == path, let dash = words.firstIndex(of: "-") else { return false }
                return words.dropFirst(dash + 1).first == "tmpfs"
            }
        }
    }

    private func state() throws(SystemError) -> statvfs {
        var now = statvfs()
        guard unsafe statvfs(path, &now) == 0 else { throw SystemError("statvfs \(path)", .current) }
        return now
    }

    private func resize(to bytes: UInt64) throws {
        // As it is mounted: a remount sets the flags anew.
        let flags = UInt(try state().f_flag) & UInt(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
        let options = "size=\(bytes)"
        guard unsafe mount("tmpfs", path, nil, UInt(MS_REMOUNT) | flags, options) == 0 else {
            throw SystemError("remount \(path) with \(options)", .current)
        }
    }
}

internal import LinuxSystem
internal import Synchronization

/// A sandbox's supervisor and the namespaces it keeps, as this process holds them.
final class SandboxConnection: Sendable {
    let client: SupervisorClient
    let namespaces: PodNamespaces
    /// The pod's own init, where the containers share a pid namespace.
    let initProcess: PinnedProcess?

    init(client: SupervisorClient, namespaces: PodNamespaces, initProcess: PinnedProcess?) {
        self.client = client
        self.namespaces = namespaces
        self.initProcess = initProcess
    }
}

/// A process held by its pidfd: the number cannot come to mean another one.
final class PinnedProcess: Sendable {
    let pid: Int32
    let pidfd: OwnedFD

    /// - Parameter cgroup: Where the process must be; else the number has passed on to another process already.
    init(pid: Int32, in cgroup: String) throws(SystemError) {
        self.pid = pid
        do throws(Errno) { pidfd = try OwnedFD.process(pid) } catch { throw SystemError("open process \(pid)", error) }
        // Checked after the descriptor is open: what is true of the number now was true of the process then.
        guard let text = try StateFiles.read("/proc/\(pid)/cgroup") else { throw SystemError("find process \(pid)", .noSuchProcess) }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let isThere = lines.contains { line in
            guard line.hasPrefix("0::") else { return false }
            let path = line.dropFirst(3)
            return cgroup.hasSuffix(path) || path.hasSuffix("/" + (cgroup.split(separator: "/").last ?? ""))
        }
        guard isThere else { throw SystemError("find process \(pid) in cgroup \(cgroup)", .noSuchProcess) }
    }
}

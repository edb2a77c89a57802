internal import Cgroups
internal import Glibc
internal import LinuxSystem

/// The cgroup that everything of this instance is below, open, and the one of its supervisors beside the pods.
final class CgroupRootHandle: Sendable {
    private let root: CgroupRoot
    /// Directory of the supervisors' cgroup: not the daemon's, whose service manager would end them with it, and not a pod's, which is limited.
    let supervisors: String
    private let supervisorsName: String

    var path: String { root.cgroup.path }
    var missing: [MissingController] { root.missing }
    var controllers: CgroupControllers { root.controllers }

    init(_ configuration: RuntimeConfiguration) throws(SystemError) {
        root = try configuration.cgroups.openRoot(configuration.cgroupRoot)
        supervisorsName = Self.supervisorsName(configuration)
        supervisors = try root.cgroup.openOrCreateChild(supervisorsName).path
    }

    static func supervisorsName(_ configuration: RuntimeConfiguration) -> String { "\(configuration.instance)-supervisors" }

    /// Opens a pod's cgroup, making what is missing and handing the controllers down.
    ///
    /// - Parameter path: Relative to the root, or absolute below it.
    /// - Returns: The cgroup, and whether its last level was made here.
    func openPod(_ path: String) throws -> (cgroup: CgroupHandle, isNew: Bool) {
        let components = try self.components(path)
        guard var name = components.first else { throw SpecError("cgroup parent \"\(path)\": is the cgroup root itself") }
        var current = try open(name, in: root.cgroup)
        for next in components.dropFirst() {
            name = next
            current = try open(name, in: current.cgroup)
        }
        return (CgroupHandle(current.cgroup), current.isNew)
    }

    private func components(_ path: String) throws(SpecError) -> [String] {
        var relative = path[...]
        if path == self.path || path.hasPrefix(self.path + "/") { relative = path.dropFirst(self.path.count) }
        let components = relative.split(separator: "/").map(String.init)
        guard !components.contains("."), !components.contains(".."), !path.utf8.contains(0) else {
            throw SpecError("cgroup parent \"\(path)\": must be a path below the cgroup root without . and ..")
        }
        return components
    }

    private struct Opened: ~Copyable {
        var cgroup: Cgroup
        var isNew: Bool
    }

    private func open(_ name: String, in parent: borrowing Cgroup) throws(SystemError) -> Opened {
        do {
            return Opened(cgroup: try parent.openChild(name), isNew: false)
        } catch  where error.errno == .noSuchFile {
            let made = try parent.openOrCreateChild(name)
            _ = try made.enableForChildren(controllers)
            return Opened(cgroup: made, isNew: true)
        }
    }

    /// Removes a pod's cgroup and what is in it, killing what still runs there. Fine when there is none.
    func destroy(_ path: String) throws {
        let components = try self.components(path)
        guard let last = components.last else { return }
        let parent = ([self.path] + components.dropLast()).joined(separator: "/")
        guard Files.exists("\(parent)/\(last)") else { return }
        try Cgroup(opening: parent).destroyChild(last)
    }

    /// Ends the supervisors that nobody knows: a killed daemon's, which had not come to listen yet, or no longer answer.
    ///
    /// - Parameter known: Pids of those that serve a sandbox.
    /// - Returns: Pids of those that were ended. Everything of theirs has been let go of by then.
    func endSupervisors(except known: Set<Int32>, timeout: Duration = .seconds(5)) throws(SystemError) -> [Int32] {
        var ended: [Int32] = []
        for pid in try root.cgroup.openChild(supervisorsName).processes() where !known.contains(pid) {
            if try endSupervisor(pid, timeout: timeout) { ended.append(pid) }
        }
        return ended
    }

    /// SIGKILL, and waits for the end.
    ///
    /// - Returns: False when it had ended already.
    @discardableResult
    func endSupervisor(_ pid: Int32, timeout: Duration = .seconds(5)) throws(SystemError) -> Bool {
        let process: PinnedProcess
        do {
            process = try PinnedProcess(pid: pid, in: supervisors)
        } catch  where error.errno == .noSuchProcess || error.errno == .noSuchFile { return false }
        do throws(Errno) {
            try process.pidfd.send(signal: SIGKILL)
            let ready = try poll([(fd: process.pidfd.rawValue, events: .readable)], timeout: timeout)
            guard ready.contains(where: { !$0.isEmpty }) else { throw .timedOut }
        } catch {
            if error == .noSuchProcess { return false }
            throw SystemError("end supervisor \(pid)", error)
        }
        return true
    }

    /// Ends what is left there: every pod is gone.
    func removeSupervisors() throws(SystemError) {
        try root.cgroup.destroyChild(supervisorsName, timeout: .seconds(5))
    }
}

import Glibc
package import LinuxSystem

/// The cgroup that holds all of a node's pods, ready: its children have every controller that this machine can give.
package struct CgroupRoot: ~Copyable, Sendable {
    package let cgroup: Cgroup
    /// What children of the root have.
    package let controllers: CgroupControllers
    /// What they lack, each with the reason.
    package let missing: [MissingController]
}

/// A controller that pods use and this machine cannot give, for the node's condition and `check`.
package struct MissingController: Sendable, Hashable, CustomStringConvertible {
    package let controller: CgroupController
    package let why: String

    package init(_ controller: CgroupController, why: String) {
        self.controller = controller
        self.why = why
    }

    package var description: String { "controller \(controller.rawValue) is missing: \(why)" }
}

extension CgroupHierarchy {
    /// Opens the root, making directories as needed, and enables the controllers level by level from the top down to it.
    ///
    /// When processes are in the root itself (this one, in a delegated subtree or in a container), the kernel refuses to
    /// hand controllers on to children; they are then moved into the child `leaf`. Levels above the root may belong to
    /// someone else: what cannot be enabled there is reported as missing.
    ///
    /// - Parameter root: As for `absolutePath(root:)`.
    /// - Throws: When a directory cannot be made or opened, or the processes in the root cannot be moved.
    package func openRoot(_ root: String, leaf: String = "swiftlet") throws(SystemError) -> CgroupRoot {
        let path = absolutePath(root: root)
        var cgroup = try Cgroup(opening: mountPoint)
        for name in path.dropFirst(mountPoint.count).split(separator: "/") {
            _ = try? cgroup.enableForChildren(.all)
            cgroup = try cgroup.openOrCreateChild(String(name))
        }
        let enabled = try cgroup.enableForChildrenMovingProcesses(into: leaf)
        let missing = CgroupControllers.all.subtracting(enabled).members
        guard !missing.isEmpty else { return CgroupRoot(cgroup: cgroup, controllers: enabled, missing: []) }
        let inRoot = try cgroup.controllers()
        let known = (try? readFile("/proc/cgroups")) ?? ""
        let reasons = missing.map { controller in
            MissingController(
                controller,
                why: inRoot.contains(.init(controller))
                    ? "the kernel refuses to enable it below \(path)"
                    : Self.whyMissing(controller, procCgroups: known, in: path))
        }
        return CgroupRoot(cgroup: cgroup, controllers: enabled, missing: reasons)
    }

    /// Why a cgroup lacks a controller, from the table of /proc/cgroups (name, hierarchy, number of cgroups, enabled; cgroups(7)).
    package static func whyMissing(_ controller: CgroupController, procCgroups: String, in path: String) -> String {
        let oldName = controller == .io ? "blkio" : controller.rawValue
        let row = procCgroups.split(separator: "\n").lazy.map { $0.split(separator: "\t") }.first {
            $0.first == oldName[...]
        }
        guard let row, row.count >= 4 else { return "this kernel was built without it" }
        if row[3] == "0" { return "switched off when the kernel was booted (cgroup_disable=)" }
        if row[1] != "0" { return "held by a cgroup v1 hierarchy" }
        return "not handed down to \(path) by its parent"
    }
}

extension Cgroup {
    /// Hands controllers on to the children, as far as this cgroup has them itself.
    ///
    /// - Returns: Which of them the children have now. One that the kernel refuses alone (cpu, when there are real-time tasks) does not hinder the others.
    /// - Throws: `EBUSY` when processes are in this cgroup itself (unless it is the top of the tree).
    package func enableForChildren(_ wanted: CgroupControllers) throws(SystemError) -> CgroupControllers {
        let available = try controllers().intersection(wanted)
        let enabled = CgroupControllers(parsing: try read("cgroup.subtree_control"))
        let absent = available.subtracting(enabled)
        guard !absent.isEmpty else { return available }
        switch tryWrite(absent.enabling, to: "cgroup.subtree_control") {
        case nil:
            return available
        case Errno.busy?:
            throw SystemError("write \"\(absent.enabling)\" to \(path)/cgroup.subtree_control", .busy)
        default:  // the kernel takes all or nothing
            for controller in absent.members { _ = tryWrite("+\(controller.rawValue)", to: "cgroup.subtree_control") }
            return CgroupControllers(parsing: try read("cgroup.subtree_control")).intersection(wanted)
        }
    }

    /// Enables all controllers for the children; processes that are in the way move into the child `leaf`.
    func enableForChildrenMovingProcesses(into leaf: String) throws(SystemError) -> CgroupControllers {
        do {
            return try enableForChildren(.all)
        } catch  where error.errno == .busy {
            try moveProcesses(into: openOrCreateChild(leaf))
            return try enableForChildren(.all)
        }
    }

    /// Moves the processes of this cgroup into another until none is left; those that fork meanwhile are met in the next round.
    func moveProcesses(into other: borrowing Cgroup) throws(SystemError) {
        for _ in 0..<100 {
            let processes = try processes()
            if processes.isEmpty { return }
            for pid in processes {
                let errno = other.tryWrite("\(pid)", to: "cgroup.procs")
                guard errno == nil || errno == .noSuchProcess else {
                    throw SystemError("move process \(pid) from \(path) to \(other.path)", errno ?? .busy)
                }
            }
        }
        throw SystemError("move the processes of \(path) to \(other.path): new ones keep coming", .busy)
    }
}

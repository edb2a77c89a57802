package import LinuxSystem

/// A limit that was asked for and that this machine cannot set, with the reason: to be reported, never dropped.
package struct UnenforcedResource: Sendable, Hashable, CustomStringConvertible {
    /// `nil` for a file that belongs to no controller that pods use.
    package let controller: CgroupController?
    package let file: String
    package let value: String
    package let why: String

    package init(controller: CgroupController?, file: String, value: String, why: String) {
        self.controller = controller
        self.file = file
        self.value = value
        self.why = why
    }

    /// `cpu.max "50000 100000": controller cpu is not available in /sys/fs/cgroup/unified/kubepods`
    package var description: String { "\(file) \"\(value)\": \(why)" }
}

extension Cgroup {
    /// Writes the values in order.
    ///
    /// - Returns: The writes whose file does not exist here, each with the reason. Empty when everything stands in the kernel.
    /// - Throws: A write that the kernel refused: `write "50000 100000" to …/cpu.max: Device or resource busy`. Earlier ones stand.
    package func apply(_ writes: [CgroupWrite]) throws(SystemError) -> [UnenforcedResource] {
        var unenforced: [UnenforcedResource] = []
        var present: CgroupControllers?  // only read when something is missing, and then once
        for write in writes {
            switch tryWrite(write.value, to: write.file) {
            case nil:
                continue
            case Errno.noSuchFile?:
                let inForce = if let present { present } else { try controllers() }
                present = inForce
                if let missing = explainMissing(write, inForce: inForce) { unenforced.append(missing) }
            case let errno?:
                throw SystemError("write \"\(write.value)\" to \(path)/\(write.file)", errno)
            }
        }
        return unenforced
    }

    /// Why a file is not there, or `nil` when its absence enforces the value just as well.
    private func explainMissing(_ write: CgroupWrite, inForce: CgroupControllers) -> UnenforcedResource? {
        let controller = CgroupController(file: write.file)
        if let controller, !inForce.contains(.init(controller)) {
            let why = "controller \(controller.rawValue) is not available in \(path)"
            return UnenforcedResource(controller: controller, file: write.file, value: write.value, why: why)
        }
        if MemoryController.isVacuous(write) { return nil }
        return UnenforcedResource(
            controller: controller, file: write.file, value: write.value, why: "this kernel has no \(write.file)")
    }

    /// The controllers whose files this cgroup has.
    package func controllers() throws(SystemError) -> CgroupControllers {
        CgroupControllers(parsing: try read("cgroup.controllers"))
    }
}

import Glibc
package import LinuxSystem

extension Cgroup {
    /// Removes the child cgroup `name` and all below it. It is an answer, not an error, that there is none.
    ///
    /// While processes are still leaving, the kernel says EBUSY; then this waits for its event that the last has gone, and tries again.
    /// It kills nothing: call `kill` first.
    ///
    /// - Throws: `ETIMEDOUT` when a process is still there after `timeout`; `EBUSY` when new ones keep coming.
    package func removeChild(_ name: String, timeout: Duration = .seconds(10)) throws(SystemError) {
        guard Self.isComponent(name) else { throw SystemError("remove cgroup \(path)/\(name)", .invalidArgument) }
        let deadline = ContinuousClock.now + timeout
        while true {
            guard unsafe unlinkat(directory.rawValue, name, AT_REMOVEDIR) != 0 else { return }
            let errno = Errno.current
            if errno == .noSuchFile { return }
            guard errno == .busy, ContinuousClock.now < deadline else {
                throw SystemError("remove cgroup \(path)/\(name)", errno)
            }
            guard try emptyChild(name, until: deadline) else { return }
        }
    }

    /// Does away with what makes a child busy: waits for its processes, removes its children.
    ///
    /// - Returns: Whether the child is still there.
    private func emptyChild(_ name: String, until deadline: ContinuousClock.Instant) throws(SystemError) -> Bool {
        do {
            let child = try openChild(name)
            try child.waitUntilEmpty(timeout: max(.zero, ContinuousClock.now.duration(to: deadline)))
            for grandchild in try child.children() {
                try child.removeChild(grandchild, timeout: max(.zero, ContinuousClock.now.duration(to: deadline)))
            }
            return true
        } catch  where error.errno == .noSuchFile || error.errno == .noDevice {
            return false  // someone else removed it
        }
    }

    /// Kills everything in the child cgroup `name` and removes it with all below it. Fine when there is none.
    package func destroyChild(_ name: String, timeout: Duration = .seconds(10)) throws(SystemError) {
        // An empty leaf, the usual case, goes with one call.
        if Self.isComponent(name), unsafe unlinkat(directory.rawValue, name, AT_REMOVEDIR) == 0 { return }
        do {
            try openChild(name).kill()
        } catch  where error.errno == .noSuchFile || error.errno == .noDevice {
            return
        }
        try removeChild(name, timeout: timeout)
    }
}

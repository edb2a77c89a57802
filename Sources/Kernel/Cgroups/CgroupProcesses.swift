import Glibc
package import LinuxSystem

extension Cgroup {
    /// The processes in this cgroup itself, in no order. Those outside the caller's pid namespace are left out (the kernel shows them as 0).
    package func processes() throws(SystemError) -> [pid_t] {
        try read("cgroup.procs").split(separator: "\n").compactMap { pid_t($0) }.filter { $0 > 0 }
    }

    /// Moves a process here; 0 is the caller. A process that shall be born here is better cloned with `CLONE_INTO_CGROUP`.
    ///
    /// - Throws: `EBUSY` when this cgroup passes controllers on to children; `ESRCH` when the process has gone.
    package func add(_ pid: pid_t) throws(SystemError) {
        try write("\(pid)", to: "cgroup.procs")
    }

    /// Stops every process of the subtree where it is, and waits until all stand still.
    ///
    /// - Throws: `ETIMEDOUT`; the cgroup then stays freezing (a process may be in an uninterruptible call), thaw it.
    package func freeze(timeout: Duration = .seconds(10)) throws(SystemError) {
        try write("1", to: "cgroup.freeze")
        try wait(for: "freeze \(path)", timeout: timeout) { $0.frozen }
    }

    /// Lets the processes run on.
    package func thaw() throws(SystemError) {
        try write("0", to: "cgroup.freeze")
    }

    /// Sends SIGKILL to every process of the subtree, those that fork meanwhile included. Does not wait: see `waitUntilEmpty`.
    package func kill() throws(SystemError) {
        switch tryWrite("1", to: "cgroup.kill") {
        case nil: return
        case Errno.noSuchFile?: try killOneByOne()  // cgroup.kill came with Linux 5.14
        case let errno?: throw SystemError("write \"1\" to \(path)/cgroup.kill", errno)
        }
    }

    /// What `cgroup.kill` does, for kernels without it: a frozen process cannot fork but can be killed.
    func killOneByOne() throws(SystemError) {
        try write("1", to: "cgroup.freeze")
        defer { _ = tryWrite("0", to: "cgroup.freeze") }
        try signalSubtree(SIGKILL)
    }

    /// Signals each process of the subtree; those that go meanwhile are passed over.
    func signalSubtree(_ signal: CInt) throws(SystemError) {
        for pid in try processes() where Glibc.kill(pid, signal) != 0 {
            let errno = Errno.current
            if errno != .noSuchProcess {
                throw SystemError("send signal \(signal) to process \(pid) of \(path)", errno)
            }
        }
        for name in try children() {
            do {
                try openChild(name).signalSubtree(signal)
            } catch  where error.errno == .noSuchFile || error.errno == .noDevice {
                continue  // removed meanwhile
            }
        }
    }
}

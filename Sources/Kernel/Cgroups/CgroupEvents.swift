import Glibc
package import LinuxSystem

/// The content of `cgroup.events`.
package struct CgroupEvents: Sendable, Hashable {
    /// Whether the cgroup or a descendant holds a living process; zombies do not count.
    package var populated: Bool
    /// Whether every process in the subtree has stopped.
    package var frozen: Bool

    package init(populated: Bool, frozen: Bool) {
        self.populated = populated
        self.frozen = frozen
    }

    package init(parsing text: String) {
        let values = FlatKeyed(text)
        self.init(populated: values["populated"] == 1, frozen: values["frozen"] == 1)
    }
}

/// Watches one of the kernel's notifying files (`cgroup.events`, `memory.events`, `pids.events`).
///
/// The descriptor reports POLLPRI (and POLLERR) in poll(2) or epoll(7) once the file has changed since it was last read
/// through this watch: so read first, then wait; a change between the two is not lost.
package struct CgroupFileWatch: ~Copyable, Sendable {
    package let path: String
    package let descriptor: OwnedFD

    /// The text now; from here on the next change is reported.
    ///
    /// - Throws: `ENODEV` when the cgroup has been removed.
    package func read() throws(SystemError) -> String {
        do throws(Errno) {
            return try readText(descriptor.rawValue)
        } catch {
            throw SystemError("read \(path)", error)
        }
    }

    /// Blocks until the file has changed since the last `read`, at most until the deadline.
    ///
    /// - Returns: Whether it changed. The removal of the cgroup is a change.
    package func wait(until deadline: ContinuousClock.Instant) throws(SystemError) -> Bool {
        while true {
            var poll = pollfd(fd: descriptor.rawValue, events: Int16(POLLPRI), revents: 0)
            let ready = unsafe Glibc.poll(&poll, 1, milliseconds(until: deadline))
            if ready > 0 { return true }
            if ready == 0 { return false }
            let errno = Errno.current
            if errno != .interrupted { throw SystemError("poll \(path)", errno) }
        }
    }
}

extension Cgroup {
    /// Who lives in the cgroup now.
    package func events() throws(SystemError) -> CgroupEvents {
        CgroupEvents(parsing: try read("cgroup.events"))
    }

    /// Opens a file for watching; by default the one that tells when the last process has gone.
    package func watch(_ file: String = "cgroup.events") throws(SystemError) -> CgroupFileWatch {
        let fd = unsafe openat(directory.rawValue, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard fd >= 0 else { throw SystemError("open \(path)/\(file)", .current) }
        return CgroupFileWatch(path: "\(path)/\(file)", descriptor: OwnedFD(adopting: fd))
    }

    /// Blocks until no process is left in the subtree, told by the kernel, not by asking again and again.
    ///
    /// - Throws: `ETIMEDOUT` when there is one after `timeout`.
    package func waitUntilEmpty(timeout: Duration) throws(SystemError) {
        try wait(for: "wait for the last process of \(path)", timeout: timeout) { !$0.populated }
    }

    /// Blocks until `cgroup.events` satisfies the condition. A removed cgroup is empty and not frozen.
    func wait(
        for operation: @autoclosure () -> String, timeout: Duration, until isSatisfied: (CgroupEvents) -> Bool
    ) throws(SystemError) {
        let deadline = ContinuousClock.now + timeout
        let watch = try watch()
        while true {
            let events: CgroupEvents
            do {
                events = CgroupEvents(parsing: try watch.read())
            } catch  where error.errno == .noDevice {
                events = CgroupEvents(populated: false, frozen: false)
                if !isSatisfied(events) { throw error }
            }
            if isSatisfied(events) { return }
            guard try watch.wait(until: deadline) else { throw SystemError(operation(), .timedOut) }
        }
    }
}

/// What is left of the time, for poll(2): rounded up, so that it does not spin through the last millisecond.
private func milliseconds(until deadline: ContinuousClock.Instant) -> CInt {
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { return 0 }
    let (seconds, attoseconds) = left.components
    guard seconds < Int64(CInt.max) / 1000 else { return CInt.max }
    return CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}

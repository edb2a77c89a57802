internal import CLinux

/// Tells which of many descriptors can be read or were hung up, epoll(7): for as many as there are, at a cost that does
/// not grow with those that are quiet.
package struct ReadinessQueue: ~Copyable, Sendable {
    private let epoll: OwnedFD

    package init() throws(SystemError) {
        let fd = clinux_epoll_create()
        guard fd >= 0 else { throw SystemError("make an epoll descriptor", .current) }
        epoll = OwnedFD(adopting: fd)
    }

    /// Closing the last descriptor of the open file takes it out by itself.
    package func add(_ fd: CInt, token: UInt64) throws(Errno) {
        guard clinux_epoll_add(epoll.rawValue, fd, token) == 0 else { throw Errno.current }
    }

    /// Keeps a descriptor, but tells of nothing that can be read: its reader is another for a while.
    package func pause(_ fd: CInt, token: UInt64) { _ = clinux_epoll_pause(epoll.rawValue, fd, token) }

    /// Tells again, also of what has come meanwhile.
    package func resume(_ fd: CInt, token: UInt64) { _ = clinux_epoll_resume(epoll.rawValue, fd, token) }

    /// Tells once when a descriptor can be read or written, or was hung up.
    package func arm(_ fd: CInt, token: UInt64, reading: Bool, writing: Bool) throws(Errno) {
        guard clinux_epoll_arm(epoll.rawValue, fd, token, reading ? 1 : 0, writing ? 1 : 0) == 0 else { throw Errno.current }
    }

    package func remove(_ fd: CInt) { _ = clinux_epoll_remove(epoll.rawValue, fd) }

    /// Waits without limit, and returns the tokens of those that are ready; none after an interruption.
    package func wait() -> [UInt64] {
        var tokens = [UInt64](repeating: 0, count: 64)
        let count = unsafe clinux_epoll_wait(epoll.rawValue, &tokens, CInt(tokens.count))
        return Array(tokens.prefix(max(0, Int(count))))
    }
}

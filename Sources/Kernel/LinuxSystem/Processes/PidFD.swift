internal import CLinux
import Glibc

/// How a process ended.
package enum ProcessEnd: Hashable, Sendable {
    case exited(CInt)
    case killed(signal: CInt)
}

/// A process by pidfd: unlike its number it can never come to mean another one, pidfd_open(2).
extension OwnedFD {
    /// - Throws: `ESRCH` when there is no such process.
    package static func process(_ pid: Int32) throws(Errno) -> OwnedFD {
        let fd = clinux_pidfd_open(pid)
        guard fd >= 0 else { throw Errno.current }
        return OwnedFD(adopting: fd)
    }

    /// Sends a signal; 0 only asks whether the process is there (a zombie is).
    ///
    /// - Throws: `ESRCH` when it has been waited for.
    package func send(signal: CInt) throws(Errno) {
        guard clinux_pidfd_send_signal(rawValue, signal) == 0 else { throw Errno.current }
    }

    /// Whether the process runs no more, even if nobody has waited for it yet: its descriptor is readable then.
    package var hasEnded: Bool { (try? poll([(rawValue, .readable)], timeout: .zero))?.first?.contains(.readable) ?? false }

    /// Waits until a child ends, and takes its status.
    ///
    /// - Throws: `ECHILD` when it is no child of this process, or was waited for before.
    package func waitForExit() throws(Errno) -> ProcessEnd {
        while true {
            if let end = try waitOnce(0) { return end }
        }
    }

    /// - Returns: `nil` when the child still runs.
    package func exitIfEnded() throws(Errno) -> ProcessEnd? { try waitOnce(WNOHANG) }

    private func waitOnce(_ options: CInt) throws(Errno) -> ProcessEnd? {
        var code: CInt = 0
        switch unsafe clinux_wait(rawValue, options, &code) {
        case 1: return code < 0 ? .killed(signal: -code) : .exited(code)
        case 0: return nil
        default:
            let error = Errno.current
            guard error == .interrupted else { throw error }
            return nil
        }
    }
}

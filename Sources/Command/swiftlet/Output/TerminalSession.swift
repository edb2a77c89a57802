internal import CRI
internal import ContainerRuntime
internal import Glibc
internal import LinuxSystem
import Synchronization

/// Joins this program's terminal with the master of a container's: bytes both ways, the size along, raw mode while it lasts.
final class TerminalSession: Sendable {
    private let local: CInt
    private let remote: CInt
    private let saved: termios
    private let outputEnded = Mutex(false)

    init(local: CInt, remote: CInt) throws {
        self.local = local
        self.remote = remote
        var attributes = termios()
        guard unsafe tcgetattr(local, &attributes) == 0 else { throw SystemError("read the terminal's attributes", .current) }
        saved = attributes
    }

    static func size(of descriptor: CInt) -> TerminalSize {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return TerminalSize(rows: 24, columns: 80) }
        return TerminalSize(rows: size.ws_row, columns: size.ws_col)
    }

    /// Sets raw mode and begins to copy.
    func start() throws {
        var raw = saved
        unsafe cfmakeraw(&raw)
        _ = unsafe tcsetattr(local, TCSADRAIN, &raw)
        let changes = try SignalPipe([SIGWINCH])
        try startThread { [self] in copy(from: local, to: remote) }
        try startThread { [self] in
            copy(from: remote, to: 1)
            outputEnded.withLock { $0 = true }
        }
        try startThread { [self] in followWindowChanges(changes) }
    }

    /// Waits a moment for the last output and gives the terminal back.
    func finish() {
        let deadline = ContinuousClock.now + .milliseconds(500)
        while !outputEnded.withLock({ $0 }), ContinuousClock.now < deadline { usleep(1_000) }
        var attributes = saved
        _ = unsafe tcsetattr(local, TCSADRAIN, &attributes)
    }

    /// Ends when either side does; a master reads EIO once the last slave is closed.
    private func copy(from source: CInt, to destination: CInt) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe read(source, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            Output.write(Array(buffer[..<count]), to: destination)
        }
    }

    private func followWindowChanges(_ changes: SignalPipe) {
        while changes.next() != nil {
            var size = winsize()
            guard unsafe ioctl(local, UInt(TIOCGWINSZ), &size) == 0 else { continue }
            _ = unsafe ioctl(remote, UInt(TIOCSWINSZ), &size)
        }
    }
}

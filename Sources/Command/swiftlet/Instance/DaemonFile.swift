internal import Glibc
internal import LinuxSystem

/// Which process is a daemon of an instance: `<run-dir>/daemon`, of the control plane `<run-dir>/server`, holds its pid and start time.
struct DaemonFile: Sendable {
    /// An instance has one of each at the most.
    enum Role: String { case agent = "daemon", server }

    let path: String

    init(runDirectory: String, role: Role = .agent) { path = "\(runDirectory)/\(role.rawValue)" }

    /// - Throws: `UsageError` when another daemon runs here.
    func claim() throws {
        if let other = running { throw UsageError("a daemon with this run directory runs already: pid \(other)") }
        let own = getpid()
        try Files.replace(path, with: Array("\(own) \(Machine.startTime(of: own) ?? "")\n".utf8), durably: false)
    }

    func release() { _ = try? Files.remove(path) }

    /// The pid of the daemon when it lives.
    var running: pid_t? {
        let fields = Machine.text(of: path).split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let pid = pid_t(fields[0]), Machine.isAlive(pid: pid, startTime: String(fields[1])) else { return nil }
        return pid
    }

    /// Asks the daemon to end and waits for it.
    ///
    /// - Returns: Its pid; nil when there was none.
    func stop() throws -> pid_t? {
        guard let pid = running else { return nil }
        guard kill(pid, SIGTERM) == 0 || errno == ESRCH else { throw SystemError("stop daemon \(pid)", .current) }
        let deadline = ContinuousClock.now + .seconds(20)
        while running == pid {
            guard ContinuousClock.now < deadline else { throw SystemError("wait for daemon \(pid)", .timedOut) }
            usleep(2_000)
        }
        return pid
    }
}

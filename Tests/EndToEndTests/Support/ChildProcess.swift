import Foundation

/// A program started by a test. Its end is seen by waitpid(2) alone: Foundation's `Process` waits for a socket that descendants hold too.
final class ChildProcess: @unchecked Sendable {  // `status` is guarded by the lock
    let processIdentifier: pid_t
    private let lock = NSLock()
    private var status: Int32?

    /// - Parameters:
    ///   - stdout: A file that is made.
    ///   - stderr: The same.
    init(_ program: String, _ arguments: [String], stdout: String, stderr: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, stdout, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, stderr, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        for number in Int32(3)..<256 { posix_spawn_file_actions_addclose(&actions, number) }  // fine where there is none
        let argv = Self.strings([program] + arguments)
        let environment = Self.strings(ProcessInfo.processInfo.environment.map { "\($0)=\($1)" })
        defer { for text in argv + environment { free(text) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, program, &actions, nil, argv, environment)
        guard error == 0 else { throw Machine.Failure(description: "start \(program): errno \(error)") }
        processIdentifier = pid
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] { texts.map { strdup($0) } + [nil] }

    var isRunning: Bool { take(WNOHANG) == nil }

    /// - Returns: The exit code, or 128 + signal.
    @discardableResult
    func waitUntilExit() -> Int32 { take(0) ?? -1 }

    func terminate() { kill(processIdentifier, SIGTERM) }

    private func take(_ options: Int32) -> Int32? {
        lock.withLock {
            if let status { return status }
            var raw: Int32 = 0
            var pid: pid_t
            repeat { pid = waitpid(processIdentifier, &raw, options) } while pid < 0 && errno == EINTR
            guard pid == processIdentifier else { return nil }
            status = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + raw & 0x7f
            return status
        }
    }
}

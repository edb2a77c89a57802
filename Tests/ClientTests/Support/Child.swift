import Foundation

struct Failure: Error, CustomStringConvertible { var description: String }

/// A program started by a test, its output in files, so that nothing has to be pumped and nobody waits for its descendants.
final class Child: Sendable {
    let pid: pid_t
    private let folder: URL

    /// - Parameters:
    ///   - command: For bash; `exec` in front makes the program itself the child.
    ///   - folder: Gets `stdout` and `stderr`; the working directory.
    init(_ command: String, in folder: URL, environment: [String: String] = [:]) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let argv = Self.strings(["/bin/bash", "-c", "cd '\(folder.path)'; \(command)"])
        let envp = Self.strings(variables.map { "\($0)=\($1)" })
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            for text in argv + envp { free(text) }
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (number, name) in [(Int32(1), "stdout"), (2, "stderr")] {
            posix_spawn_file_actions_addopen(
                &actions, number, folder.appending(path: name).path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, "/bin/bash", &actions, nil, argv, envp)
        guard error == 0 else { throw Failure(description: "start bash: errno \(error)") }
        self.pid = pid
    }

    var stdout: String { text("stdout") }
    var stderr: String { text("stderr") }

    private func text(_ name: String) -> String { (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? "" }

    /// - Returns: The exit code, or 128 + signal; nil when it has not ended in time, and is killed.
    func wait(seconds: Double = 60) -> Int32? {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            guard ContinuousClock.now < deadline else {
                kill(pid, SIGKILL)
                waitpid(pid, &status, 0)
                return nil
            }
            usleep(2_000)
        }
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] { texts.map { strdup($0) } + [nil] }
}

/// Waits until something holds.
func waitUntil(_ what: String, seconds: Double = 30, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw Failure(description: "waited \(seconds) s in vain until \(what)") }
        usleep(5_000)
    }
}

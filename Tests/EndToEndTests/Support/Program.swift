import Foundation

/// The built programs and fixture images, run as a user runs them.
enum Program {
    /// The folder of this test executable, where the build puts `swiftlet` as well.
    static let folder: URL = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "."
        return URL(filePath: own).deletingLastPathComponent()
    }()

    static var swiftlet: String { folder.appending(path: "swiftlet").path }
    static var supervisor: String { folder.appending(path: "swiftlet-supervisor").path }

    /// Where `rootfs-fixtures/build` put the images.
    static var fixtures: String? { ProcessInfo.processInfo.environment["SWIFTLET_FIXTURES"] }

    /// Whether these tests can run; says why when not.
    static let isRunnable: Bool = {
        guard geteuid() == 0 else {
            print("end-to-end tests skipped: they need root")
            return false
        }
        guard fixtures != nil else {
            print("end-to-end tests skipped: SWIFTLET_FIXTURES does not name the folder of the fixture images (make test sets it)")
            return false
        }
        return true
    }()

    struct Result {
        /// The exit code, or 128 + signal.
        var status: Int32
        var stdout: String
        var stderr: String
    }

    /// Starts a program with its output in the files `stdout` and `stderr` of a folder, so that nothing has to be pumped.
    static func start(_ program: String, _ arguments: [String], output: URL) throws -> ChildProcess {
        try ChildProcess(
            program, arguments, stdout: output.appending(path: "stdout").path, stderr: output.appending(path: "stderr").path)
    }

    /// Runs a program to its end, killing it after a deadline.
    static func run(_ program: String, _ arguments: [String], deadlineSeconds: Double = 60) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = try start(program, arguments, output: folder)
        let pid = process.processIdentifier
        let killer = DispatchWorkItem { kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + deadlineSeconds, execute: killer)
        let status = process.waitUntilExit()
        killer.cancel()
        return Result(
            status: status,
            stdout: try String(contentsOf: folder.appending(path: "stdout"), encoding: .utf8),
            stderr: try String(contentsOf: folder.appending(path: "stderr"), encoding: .utf8))
    }
}

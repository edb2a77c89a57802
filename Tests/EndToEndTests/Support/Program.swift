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

    /// Starts a program with its output in files of `folder`, so that nothing has to be pumped.
    static func start(_ program: String, _ arguments: [String], output: URL) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        for (name, assign) in [("stdout", \Process.standardOutput), ("stderr", \Process.standardError)] {
            let file = output.appending(path: name)
            guard FileManager.default.createFile(atPath: file.path, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
            process[keyPath: assign] = try FileHandle(forWritingTo: file)
        }
        try process.run()
        return process
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
        process.waitUntilExit()
        killer.cancel()
        return Result(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            stdout: try String(contentsOf: folder.appending(path: "stdout"), encoding: .utf8),
            stderr: try String(contentsOf: folder.appending(path: "stderr"), encoding: .utf8))
    }
}

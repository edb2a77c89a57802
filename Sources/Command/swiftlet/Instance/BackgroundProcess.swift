internal import Glibc
internal import LinuxSystem

/// This program once more, in a session of its own, without a terminal.
enum BackgroundProcess {
    /// Starts it and waits until it says that it is ready.
    ///
    /// - Parameters:
    ///   - arguments: With the program's name.
    ///   - log: Gets what it says on stderr, after what is there.
    ///   - readyLineCount: It is ready when it has printed so many lines.
    /// - Returns: Those lines.
    /// - Throws: `BackgroundFailure` when it ended before.
    static func start(_ arguments: [String], log: String, readyLineCount: Int) throws -> String {
        let before = Files.exists(log) ? try Files.read(log).count : 0
        let pipe = try OwnedFD.pipe()
        let pid = try spawn(arguments, stdout: pipe.write.rawValue, log: log)
        try pipe.write.close()
        var output = ""
        while output.utf8.count(where: { $0 == UInt8(ascii: "\n") }) < readyLineCount {
            let bytes = try pipe.read.read(upTo: 4096)
            guard !bytes.isEmpty else { throw BackgroundFailure(status: exitStatus(of: pid), said: try said(log, after: before)) }
            output += String(decoding: bytes, as: UTF8.self)
        }
        return output
    }

    /// POSIX_SPAWN_SETSID of spawn.h, which the Glibc module leaves out since it stands behind _GNU_SOURCE.
    private static let newSession: CShort = 0x80

    private static func spawn(_ arguments: [String], stdout: CInt, log: String) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawnattr_setflags(&attributes, newSession)
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, stdout, 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var argv: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe argv.forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let error = unsafe posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &argv, environ)
        guard error == 0 else { throw SystemError("start \(arguments[0]) in the background", Errno(rawValue: error)) }
        return pid
    }

    private static func exitStatus(of pid: pid_t) -> CInt {
        var status: CInt = 0
        while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    private static func said(_ log: String, after count: Int) throws -> String {
        String(decoding: try Files.read(log).dropFirst(count), as: UTF8.self)
    }
}

/// A process in the background ended before it was ready.
struct BackgroundFailure: Error {
    /// Its exit code, or 128 + signal.
    var status: CInt
    /// On stderr.
    var said: String
}

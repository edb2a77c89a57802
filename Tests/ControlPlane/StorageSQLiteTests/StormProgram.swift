import Glibc
import Storage

/// `storage-storm` as a process of its own, with its output in a pipe.
final class StormProgram {
    /// The build puts it beside this test executable.
    private static let path: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/storage-storm"
    }()

    let pid: pid_t
    private let output: Int32

    /// - Parameter wrapper: What is run with the program behind it, such as `unshare -m`; its first word is a path.
    init(_ arguments: [String], wrapper: [String] = []) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw StorageError.failed("pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        let words = wrapper + [Self.path] + arguments
        let argv = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, nil, argv, environ)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw StorageError.failed("start \(words[0]): errno \(code)")
        }
        self.pid = pid
        output = ends[0]
    }

    /// Blocks until some lines have come, or the end.
    func readLines(_ count: Int) -> [String] { lines(of: read { bytes in bytes.count { $0 == 0x0A } >= count }) }

    /// Everything until the program's end. What has no line feed was cut off by the end, and is left out.
    func readToEnd() -> [String] { lines(of: read { _ in false }) }

    func killNow() { kill(pid, SIGKILL) }

    func wait() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        close(output)
    }

    /// Bytes behind the last line that was taken.
    private var rest: [UInt8] = []

    private func read(until isEnough: ([UInt8]) -> Bool) -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while !isEnough(rest) {
            let count = Glibc.read(output, &piece, piece.count)
            guard count > 0 else { break }
            rest += piece[..<count]
        }
        let end = (rest.lastIndex(of: 0x0A) ?? -1) + 1
        defer { rest.removeFirst(end) }
        return Array(rest[..<end])
    }

    private func lines(of bytes: [UInt8]) -> [String] { bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) } }
}

import CLinux
import Glibc
import LinuxSystem
import SupervisorAPI
import Testing

@testable import PodSupervisor

/// A directory of a test's own, gone when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init(_ parent: String = "/tmp") throws {
        var template = Array("\(parent)/swiftlet-supervisor-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        for name in (try? LinuxSystem.Files.names(in: path)) ?? [] {
            let child = "\(path)/\(name)"
            var status = stat()
            if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { removeTree(child) } else { unlink(child) }
        }
        rmdir(path)
    }

    func text(_ name: String) -> String {
        guard let bytes = try? LinuxSystem.Files.read("\(path)/\(name)", limit: 64 << 20) else { return "<none>" }
        return String(decoding: bytes, as: UTF8.self)
    }

    var names: [String] { ((try? LinuxSystem.Files.names(in: path)) ?? []).sorted() }
}

/// A small tmpfs on a directory, unmounted when the test lets go of it.
final class TinyDisk: Sendable {
    let directory: TemporaryDirectory

    init(sizeBytes: Int) throws {
        directory = try TemporaryDirectory()
        try #require(mount("swiftlet-test", directory.path, "tmpfs", 0, "size=\(sizeBytes)") == 0)
    }

    deinit { umount2(directory.path, CInt(MNT_DETACH)) }
}

/// What a CRI log file holds: the lines, without their times.
func withoutTimes(_ log: String) -> [String] {
    // By bytes: as a Character, "\r\n" is not "\n".
    log.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map { line in
        String(decoding: line.count > 31 ? line.dropFirst(31) : line, as: UTF8.self)
    }
}

/// A stream under test: a pipe whose other end the test writes to.
struct StreamHarness {
    let stream: OutputStream
    let log: LogFile?
    let buffers = LogBuffers()
    let writeEnd: CInt
    var now = Instant(nanoseconds: 1_000_000_000)

    init(path: String?, maxSizeBytes: UInt64 = 0, maxFiles: UInt32 = 0, _ kind: LogStream = .stdout) throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        _ = sv_pipe_size(ends[0], 256 << 10)
        writeEnd = ends[1]
        log = try path.map { try LogFile(LogTarget(path: Array($0.utf8), maxSizeBytes: maxSizeBytes, maxFiles: maxFiles)) }
        stream = OutputStream(kind, source: Descriptor(adopting: ends[0]), log: log)
    }

    func write(_ bytes: [UInt8]) { #expect(Glibc.write(writeEnd, bytes, bytes.count) == bytes.count) }
    func write(_ text: String) { write(Array(text.utf8)) }

    func pump() { while stream.pump(buffers, at: now) == .moved {} }

    func close() {
        Glibc.close(writeEnd)
        pump()
    }

    /// Lets time pass and does what the supervisor's loop does then.
    mutating func pass(_ nanoseconds: Int64) {
        now = now + nanoseconds
        log?.retry(at: now)
        stream.resume(buffers, at: now)
        if let log, case .stalled = log.condition { return }
        pump()
    }
}

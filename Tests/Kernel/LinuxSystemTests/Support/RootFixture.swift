import Glibc
import LinuxSystem

/// A small root file system of the host's static busybox, as the lower layer of an overlay, with its own upper layer; removed at the end.
final class RootFixture: Sendable {
    static let busybox = "/bin/busybox"
    static let canRun = geteuid() == 0 && access(busybox, X_OK) == 0
    private static let applets = [
        "sh", "cat", "ls", "id", "true", "false", "sleep", "grep", "readlink", "stat", "mount", "umount", "mknod", "touch", "hostname",
        "kill", "ps",
    ]

    let directory: String
    var lower: String { directory + "/lower" }
    var upper: String { directory + "/upper" }
    var work: String { directory + "/work" }

    init() throws {
        directory = try makeTemporaryDirectory()
        for name in ["lower", "upper", "work", "lower/bin", "lower/proc", "lower/sys", "lower/dev", "lower/tmp", "lower/etc"] {
            try call(mkdir("\(directory)/\(name)", 0o755))
        }
        try copyFile(Self.busybox, to: lower + "/bin/busybox", mode: 0o755)
        for applet in Self.applets { try call(symlink("busybox", "\(lower)/bin/\(applet)")) }
    }

    deinit { removeTree(directory) }

    func overlay(_ plan: inout ProcessPlan) -> Slot {
        plan.mountDetached(
            type: "overlay", source: "overlay",
            options: [.text("lowerdir=\(lower)"), .text("upperdir=\(upper)"), .text("workdir=\(work)"), "volatile"])
    }

    func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        let fd = open(lower + path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        try call(fd)
        defer { close(fd) }
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
    }
}

struct CallFailed: Error, CustomStringConvertible {
    let description: String
}

@discardableResult
func call(_ result: CInt, _ what: String = #function, line: Int = #line) throws -> CInt {
    if result < 0 { throw CallFailed(description: "\(what):\(line): \(Errno.current)") }
    return result
}

func makeTemporaryDirectory() throws -> String {
    var template = Array("/tmp/swiftlet-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CallFailed(description: "mkdtemp: \(Errno.current)") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func copyFile(_ from: String, to: String, mode: mode_t) throws {
    let source = try call(open(from, O_RDONLY | O_CLOEXEC))
    defer { close(source) }
    let target = try call(open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode))
    defer { close(target) }
    while sendfile(target, source, nil, 1 << 20) > 0 {}
}

/// Removes what a test made, without following symlinks.
func removeTree(_ path: String) {
    guard unlink(path) != 0, errno == EISDIR || errno == EPERM || errno == EBUSY, let stream = opendir(path) else { return }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    closedir(stream)
    for name in names { removeTree("\(path)/\(name)") }
    rmdir(path)
}

/// A GNU extension, which the Glibc module does not show; asm-generic/fcntl.h.
let O_PATH: CInt = 0o10000000

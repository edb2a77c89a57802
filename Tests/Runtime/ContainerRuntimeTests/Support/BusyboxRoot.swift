import Glibc
import LinuxSystem

/// A root file system with nothing but busybox in it, made anew for one test, and removed with everything in its directory.
final class BusyboxRoot: Sendable {
    let directory: String
    var rootfs: String { "\(directory)/rootfs" }

    static let program = "/bin/busybox"
    static var isAvailable: Bool { geteuid() == 0 && Files.exists(program) }

    init() throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("make a temporary directory", .current) }
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        // mkdtemp's 0700 would keep containers' users out of their own root.
        guard chmod(directory, 0o755) == 0 else { throw SystemError("set the mode of \(directory)", .current) }
        for name in ["bin", "etc", "tmp", "usr/share"] { try Files.makeDirectories("\(rootfs)/\(name)") }
        guard chmod("\(rootfs)/tmp", 0o1777) == 0 else { throw SystemError("set the mode of tmp", .current) }
        try copyProgram()
        for name in [
            "sh", "true", "false", "cat", "sleep", "echo", "id", "ls", "mount", "touch", "mkdir", "ln", "kill", "ps", "stat", "readlink",
            "env", "pwd", "hostname", "mknod", "tr", "grep", "head", "nc", "ip", "dd", "chmod", "su", "wc", "tty", "stty", "sync", "rm",
            "df",
        ] {
            guard symlink("busybox", "\(rootfs)/bin/\(name)") == 0 else { throw SystemError("link \(name)", .current) }
        }
        try Files.replace(
            "\(rootfs)/etc/passwd", with: Array("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/tmp:/bin/sh\n".utf8), mode: 0o644)
        try Files.replace("\(rootfs)/etc/group", with: Array("root:x:0:\nwheel:x:10:root,app\napp:x:1001:\n".utf8), mode: 0o644)
    }

    private func copyProgram() throws {
        try Files.replace("\(rootfs)/bin/busybox", with: try Files.read(Self.program), mode: 0o755, durably: false)
    }

    func makeDirectory(_ name: String, mode: mode_t = 0o755) throws -> String {
        try Files.makeDirectories("\(directory)/\(name)")
        guard chmod("\(directory)/\(name)", mode) == 0 else { throw SystemError("set the mode of \(name)", .current) }
        return "\(directory)/\(name)"
    }

    deinit { Self.removeTree(directory) }

    private static func removeTree(_ path: String) {
        for name in (try? Files.names(in: path)) ?? [] {
            let child = "\(path)/\(name)"
            if unlink(child) != 0, Errno.current == .isDirectory { removeTree(child) }
        }
        _ = rmdir(path)
    }
}

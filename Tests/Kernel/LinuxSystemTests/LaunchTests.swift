import CLinux
import Glibc
import LinuxSystem
import Testing

@Suite struct LaunchTests {
    func launchShell(_ script: String, _ descriptors: [(from: CInt, to: CInt)]) throws -> Launched {
        let program = try SealedExecutable(path: RootFixture.busybox)
        return try launch(
            executable: program.descriptor, arguments: ["sh", "-c", script], environment: ["PATH=/bin", "A=1"], descriptors: descriptors)
    }

    @Test(.enabled(if: RootFixture.canRun)) func `a launched program has a session, its descriptors and nothing else`() throws {
        let pipe = try OwnedFD.pipe()
        let leak = try call(open("/", O_RDONLY))  // not close-on-exec
        defer { close(leak) }
        let launched = try launchShell(
            "echo $A; ls /proc/self/fd; cat /proc/self/stat | cut -d' ' -f6; readlink /proc/$$/exe; readlink /proc/$$/fd/0",
            [(pipe.write.rawValue, 1), (pipe.write.rawValue, 5)])
        try pipe.write.close()
        let lines = String(decoding: try pipe.read.readToEnd(), as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(try launched.pidfd.waitForExit() == .exited(0))
        #expect(lines.first == "1")
        #expect(lines[1...].prefix(5) == ["0", "1", "2", "3", "5"])  // 3 is ls's own directory
        #expect(lines.contains("\(launched.pid)"), "the session is its own: \(lines)")
        #expect(lines.contains("/memfd:swiftlet (deleted)"))
        #expect(lines.last == "/dev/null")
    }

    @Test(.enabled(if: RootFixture.canRun)) func `what has many descriptors passes none on and keeps them all`() throws {
        let own = try (0..<400).map { _ in try call(dup(0)) }  // not close-on-exec
        defer { for number in own { close(number) } }
        for _ in 0..<3 {
            let pipe = try OwnedFD.pipe()
            let launched = try launchShell("ls /proc/self/fd", [(pipe.write.rawValue, 1)])
            try pipe.write.close()
            #expect(String(decoding: try pipe.read.readToEnd(), as: UTF8.self) == "0\n1\n2\n3\n", "3 is ls's own directory")
            #expect(try launched.pidfd.waitForExit() == .exited(0))
        }
        #expect(own.allSatisfy { fcntl($0, F_GETFD) == 0 })
    }

    @Test(.enabled(if: RootFixture.canRun)) func `signals that this process ignores or blocks are not`() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try OwnedFD.pipe()
        let program = try SealedExecutable(path: RootFixture.busybox)
        let launched = try launch(
            executable: program.descriptor, arguments: ["cat", "/proc/self/status"], environment: [],
            descriptors: [(pipe.write.rawValue, 1)])
        try pipe.write.close()
        let text = String(decoding: try pipe.read.readToEnd(), as: UTF8.self)
        #expect(text.contains("SigIgn:\t0000000000000000\n") && text.contains("SigBlk:\t0000000000000000\n"))
        #expect(try launched.pidfd.waitForExit() == .exited(0))
    }

    @Test(.enabled(if: RootFixture.canRun)) func `descriptors may change places`() throws {
        let one = try OwnedFD.pipe()
        let other = try OwnedFD.pipe()
        // Each source's number is the other's target.
        let launched = try launchShell(
            "echo one >&\(other.write.rawValue); echo other >&\(one.write.rawValue)",
            [(one.write.rawValue, other.write.rawValue), (other.write.rawValue, one.write.rawValue)])
        #expect(try launched.pidfd.waitForExit() == .exited(0))
        try one.write.close()
        try other.write.close()
        #expect(String(decoding: try one.read.readToEnd(), as: UTF8.self) == "one\n")
        #expect(String(decoding: try other.read.readToEnd(), as: UTF8.self) == "other\n")
    }

    @Test func `what cannot run says so and leaves nothing`() throws {
        let file = try OwnedFD.directory("/")
        let error = #expect(throws: SystemError.self) { _ = try launch(executable: file, arguments: ["x"], environment: []) }
        #expect(error == SystemError("start x", .accessDenied))
        #expect(throws: SystemError("open /no/such", .noSuchFile)) { _ = try SealedExecutable(path: "/no/such") }
    }

    @Test(.enabled(if: RootFixture.canRun)) func `a sealed program cannot be written, not even through its link in proc`() throws {
        let program = try SealedExecutable(path: RootFixture.busybox)
        #expect(write(program.descriptor.rawValue, "x", 1) == -1)
        #expect(ftruncate(program.descriptor.rawValue, 0) == -1)
        #expect(clinux_seal(program.descriptor.rawValue, 0) == -1)
        let launched = try launch(executable: program.descriptor, arguments: ["sleep", "1000"], environment: [])
        defer {
            try? launched.pidfd.send(signal: SIGKILL)
            _ = try? launched.pidfd.waitForExit()
        }
        let fd = open("/proc/\(launched.pid)/exe", O_WRONLY)
        #expect(fd < 0 || write(fd, "x", 1) == -1)
        if fd >= 0 { close(fd) }
    }
}

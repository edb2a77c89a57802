import CRI
import Glibc
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// What a hostile container may try, and must not get.
@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct AttackTests {
    /// Runs a script in a container and returns what it wrote.
    private func output(_ script: String, _ change: (inout ContainerConfig) -> Void = { _ in }) async throws -> String {
        let fixture = try await RuntimeFixture()
        let (_, log) = try await fixture.run(["/bin/sh", "-c", script], change)
        try await fixture.expectClean()
        return log
    }

    @Test func `the program behind a process that is being started cannot be written`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let before = try Files.read(fixture.configuration.supervisorExecutable)
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let attacker = try await fixture.start(
            ["/bin/sh", "-c", "while :; do for p in /proc/[0-9]*/exe; do echo x > $p; done 2>/dev/null; done"], in: sandbox, pod)
        for _ in 0..<30 { _ = try await fixture.runtime.execSync(attacker, command: ["/bin/true"], timeout: .seconds(20)) }
        #expect(try Files.read(fixture.configuration.supervisorExecutable) == before)
        #expect(throws: Errno.self) { try fixture.runtime.supervisorProgram.descriptor.writeAll([0]) }
        // The program as its own entry point: it is the sealed copy, and still nothing can be written to it.
        let own = try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["/proc/self/exe", "x"]), pod)
        try? await fixture.runtime.startContainer(own)
        #expect(try Files.read(fixture.configuration.supervisorExecutable) == before)
        try await fixture.expectClean()
    }

    @Test func `a sub path that leads out of its volume is refused`() async throws {
        let fixture = try await RuntimeFixture()
        let volume = try fixture.root.makeDirectory("volume")
        #expect(symlink("/etc", "\(volume)/link") == 0 && symlink("../..", "\(volume)/up") == 0)
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        for subPath in ["link", "up", "link/new", "../x", "a/../../x"] {
            var mount = Mount(containerPath: "/data", hostPath: volume)
            mount.subPath = subPath
            await #expect(throws: RuntimeError.self, "\(subPath)") {
                let id = try await fixture.runtime.createContainer(
                    sandbox: sandbox, fixture.container(["/bin/true"]) { $0.mounts = [mount] }, pod)
                try await fixture.runtime.startContainer(id)
            }
        }
        #expect(!Files.exists("/etc/new"))
        try await fixture.expectClean()
    }

    @Test func `a mount target goes through no link of the image to the machine`() async throws {
        let fixture = try await RuntimeFixture()
        let volume = try fixture.root.makeDirectory("volume")
        try Files.replace("\(volume)/marker", with: [])
        let outside = try fixture.root.makeDirectory("outside")
        #expect(symlink(outside, "\(volume)/escape") == 0)
        let (status, log) = try await fixture.run(["/bin/sh", "-c", "ls \(outside); ls /v/escape/in"]) {
            $0.mounts = [Mount(containerPath: "/v", hostPath: volume), Mount(containerPath: "/v/escape/in", hostPath: volume)]
        }
        #expect(status.exitCode == 0, "\(log)")
        // The link was followed inside the container's root.
        #expect(log.contains("in\n") && log.contains("marker"))
        #expect(try Files.names(in: outside).isEmpty)
        try await fixture.expectClean()
    }

    @Test func `kernel files cannot be written`() async throws {
        let log = try await output(
            """
            for f in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /sys/kernel/uevent_helper /sys/fs/cgroup/cgroup.procs; do
              if [ -e $f ] && echo x > $f; then echo "WROTE $f"; fi
            done 2>/dev/null
            mount -o remount,rw /proc/sys 2>/dev/null && echo WROTE remount
            mount -t proc proc /tmp 2>/dev/null && echo WROTE mount
            echo end
            """)
        #expect(log == "end\n")
    }

    @Test func `device nodes other than the usual cannot be opened, even when made`() async throws {
        let log = try await output(
            """
            mknod /tmp/kmsg c 1 11 && echo made
            head -c 1 /tmp/kmsg 2>&1 | grep -o 'Operation not permitted'
            mknod /tmp/null c 1 3 && echo ok > /tmp/null && echo null works
            """)
        #expect(log == "made\nOperation not permitted\nnull works\n")
    }

    @Test func `processes of other pods are neither seen nor signalled`() async throws {
        let fixture = try await RuntimeFixture()
        let (one, two) = (fixture.pod("one"), fixture.pod("two"))
        let first = try await fixture.runtime.runPodSandbox(one)
        let victim = try await fixture.start(["/bin/sleep", "1000"], in: first, one)
        let second = try await fixture.runtime.runPodSandbox(two)
        let pid = try await fixture.runtime.containerStatus(victim).pid
        let attacker = try await fixture.start(
            ["/bin/sh", "-c", "ls /proc/\(pid) && echo SEEN; kill -9 \(pid) && echo KILLED; kill -9 -1; true"], in: second, two)
        let log = try fixture.log(try await fixture.ended(attacker))
        #expect(!log.contains("SEEN") && !log.contains("KILLED"), "\(log)")
        #expect(try await fixture.runtime.containerStatus(victim).state == .running)
        try await fixture.expectClean()
    }

    @Test func `the runtime's directory and the machine's mounts are out of sight`() async throws {
        let log = try await output(
            "cat /proc/self/mountinfo; cat /proc/self/environ | tr '\\0' '\\n'; ls -la /proc/1/fd /proc/1/cwd /proc/1/root")
        #expect(!log.contains("supervisor.sock"))
        for line in log.split(separator: "\n") where line.contains(" - ") {
            let point = line.split(separator: " ").dropFirst(4).first ?? ""
            #expect(["/", "/proc", "/dev", "/sys", "/etc"].contains { point == $0 || point.hasPrefix($0 + "/") }, "\(line)")
        }
    }

    @Test(arguments: [true, false])
    func `no_new_privs is set exactly when escalation is forbidden`(isForbidden: Bool) async throws {
        let log = try await output("grep NoNewPrivs /proc/self/status") {
            $0.securityContext.runAsUser = 1000
            $0.securityContext.noNewPrivs = isForbidden
        }
        #expect(log == "NoNewPrivs:\t\(isForbidden ? 1 : 0)\n")
    }
}

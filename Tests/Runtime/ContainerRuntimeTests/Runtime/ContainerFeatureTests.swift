import CRI
import Cgroups
import Glibc
import ImageStore
import LinuxSystem
import Testing

@testable import ContainerRuntime

@Suite(.enabled(if: RuntimeFixture.isPossible), .serialized) struct ContainerFeatureTests {
    @Test func `an image mounted as a volume is read-only, and stays in the store`() async throws {
        let fixture = try await RuntimeFixture()
        let other = try fixture.root.makeDirectory("other/dir")
        try Files.replace("\(other)/file", with: Array("from an image".utf8), mode: 0o644)
        try fixture.runtime.images.importImage(from: "\(fixture.root.directory)/other", as: ImageReference("data"))
        var whole = Mount(containerPath: "/whole", hostPath: "")
        whole.image = ImageSpec(image: "data")
        var part = Mount(containerPath: "/part", hostPath: "")
        part.image = ImageSpec(image: "data")
        part.imageSubPath = "dir"
        let (status, log) = try await fixture.run(["/bin/sh", "-c", "cat /whole/dir/file /part/file; touch /whole/x /part/x"]) {
            $0.mounts = [whole, part]
        }
        #expect(status.exitCode == 1)
        #expect(log.contains("from an imagefrom an image") && log.contains("touch: /whole/x: Read-only file system\n"), "\(log)")
        whole.image = ImageSpec(image: "nosuch")
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let error = await #expect(throws: RuntimeError.self) {
            try await fixture.runtime.createContainer(sandbox: sandbox, fixture.container(["/bin/true"]) { $0.mounts = [whole] }, pod)
        }
        #expect(error?.code == .notFound)
        await fixture.runtime.drainCleanup()
        #expect(try fixture.runtime.images.snapshots().isEmpty)
        try await fixture.expectClean()
    }

    @Test func `a command with a terminal gets one of the container's own`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
        let exec = try await fixture.runtime.exec(
            id, command: ["/bin/sh", "-c", "tty; stty size; exit 6"], descriptors: [], terminal: TerminalSize(rows: 33, columns: 77))
        let master = try #require(exec.terminal)
        #expect(try await exec.exitCode() == 6)
        var text: [UInt8] = []
        while let more = try? master.fd.read(upTo: 1024), !more.isEmpty { text += more }
        #expect(String(decoding: text, as: UTF8.self) == "/dev/pts/0\r\n33 77\r\n")
        try await fixture.expectClean()
    }

    @Test func `a container with a terminal can be attached to`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sh", "-c", "tty; read line; echo got $line; exit 2"], in: sandbox, pod) {
            $0.tty = true
            $0.stdin = true
        }
        let attachment = try await fixture.runtime.attach(id, stdin: true, stdout: true, stderr: false)
        try attachment.stdin?.fd.writeAll(Array("hello\n".utf8))
        let status = try await fixture.ended(id)
        #expect(status.exitCode == 2)
        let log = try fixture.log(status).filter { $0 != "\r" }
        #expect(log.contains("/dev/pts/0") || log.contains("/dev/console"))
        #expect(log.contains("got hello"), "\(log)")
        try await fixture.expectClean()
    }

    @Test func `what this machine cannot limit is told`() async throws {
        let fixture = try await RuntimeFixture()
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod) {
            $0.resources.memoryLimitInBytes = 64 << 20
            $0.resources.cpuShares = 2
            $0.resources.oomScoreAdj = 500
        }
        let status = try await fixture.runtime.containerStatus(id)
        let cgroup = try Cgroup(opening: "\(fixture.configuration.cgroupRoot)/kubepods/besteffort/poduid-pod/\(id)")
        if try cgroup.controllers().contains(.memory) {
            #expect(try cgroup.read("memory.max") == "\(64 << 20)\n")
            #expect(status.unenforced.isEmpty)
        } else {
            #expect(
                status.unenforced.count == 1
                    && status.unenforced[0].hasPrefix("memory.max \"67108864\": controller memory is not available"))
        }
        #expect(try Files.readText("/proc/\(status.pid)/oom_score_adj") == "500\n")
        try await fixture.expectClean()
    }

    @Test func `a container beyond its memory limit is killed and says so`() async throws {
        let fixture = try await RuntimeFixture()
        guard fixture.runtime.cgroupRoot.controllers.contains(.memory) else {
            try await fixture.expectClean()
            return
        }
        let (status, _) = try await fixture.run(["/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"]) {
            $0.resources.memoryLimitInBytes = 32 << 20
            $0.resources.memorySwapLimitInBytes = 32 << 20
        }
        #expect(status.exitCode == 137 && status.reason == "OOMKilled")
        try await fixture.expectClean()
    }

    @Test func `mount propagation reaches the machine only where it is shared`() async throws {
        let fixture = try await RuntimeFixture()
        let volume = try fixture.root.makeDirectory("volume")
        var mount = Mount(containerPath: "/v", hostPath: volume)
        mount.propagation = .bidirectional
        let pod = fixture.pod()
        let sandbox = try await fixture.runtime.runPodSandbox(pod)
        let id = try await fixture.runtime.createContainer(
            sandbox: sandbox,
            fixture.container(["/bin/mount", "-t", "tmpfs", "new", "/v"]) {
                $0.mounts = [mount]
                $0.securityContext.privileged = true
            }, pod)
        let error = await #expect(throws: RuntimeError.self) { try await fixture.runtime.startContainer(id) }
        #expect(error?.description.hasSuffix("but it is not a shared mount") == true)
        #expect(Glibc.mount("shared", volume, "tmpfs", 0, nil) == 0 && Glibc.mount(nil, volume, nil, UInt(MS_SHARED), nil) == 0)
        defer { umount2(volume, Int32(MNT_DETACH)) }
        let again = try await fixture.start(["/bin/mount", "-t", "tmpfs", "new", "/v"], in: sandbox, pod) {
            $0.mounts = [mount]
            $0.securityContext.privileged = true
        }
        #expect(try await fixture.ended(again).exitCode == 0)
        #expect(try MountTable.read().entries.count(where: { $0.mountPoint == volume }) == 2)
        #expect(umount2(volume, Int32(MNT_DETACH)) == 0)
        umount2(volume, Int32(MNT_DETACH))
        try await fixture.expectClean()
    }

    @Test func `pods come and go without anything growing`() async throws {
        let fixture = try await RuntimeFixture(hasNetwork: true, poolSize: 2)
        func cycle(_ number: Int) async throws {
            let pod = fixture.pod("p\(number)")
            let sandbox = try await fixture.runtime.runPodSandbox(pod)
            let id = try await fixture.start(["/bin/sleep", "1000"], in: sandbox, pod)
            _ = try await fixture.runtime.execSync(id, command: ["/bin/true"], timeout: .seconds(20))
            try await fixture.runtime.removePodSandbox(sandbox)
        }
        for number in 0..<5 { try await cycle(number) }
        await fixture.runtime.drainCleanup()
        let before = Set(try Self.ownDescriptors(fixture))
        for number in 5..<30 { try await cycle(number) }
        await fixture.runtime.drainCleanup()
        // Pools and pollers may hold a few more or less at the moment.
        #expect(try Self.ownDescriptors(fixture).count <= before.count + 8)
        #expect(try Files.names(in: fixture.runtime.layout.pods).isEmpty)
        #expect(try Files.names(in: fixture.runtime.layout.removed).isEmpty)
        #expect(try fixture.runtime.images.snapshots().isEmpty)
        try await fixture.expectClean()
    }

    /// Descriptors of this process that tests running beside this one are unlikely to have: of cgroups, namespaces and pidfds.
    private static func ownDescriptors(_ fixture: RuntimeFixture) throws -> [String] {
        try Files.names(in: "/proc/self/fd").compactMap { try? Files.linkTarget("/proc/self/fd/\($0)") }
            .filter { $0.hasPrefix(fixture.configuration.cgroupRoot) || $0.hasPrefix(fixture.root.directory) }
    }
}

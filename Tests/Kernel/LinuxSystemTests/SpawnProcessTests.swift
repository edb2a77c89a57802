import CLinux
import Glibc
import LinuxSystem
import Testing

@Suite(.enabled(if: RootFixture.canRun), .serialized)
struct SpawnProcessTests {
    /// A long-running container to join; ended by its pidfd.
    func withRunningContainer(_ body: (borrowing Spawned, RootFixture) throws -> Void) throws {
        let root = try RootFixture()
        var container = ContainerPlan()
        container.command = ["/bin/sleep", "1000"]
        let standard = try Standard()
        defer { standard.closeAll() }
        let spawned = try spawn(try container.plan(on: root).encoded(), descriptors: standard.descriptors)
        defer {
            try? spawned.pidfd.send(signal: SIGKILL)
            _ = try? spawned.pidfd.waitForExit()
        }
        try body(spawned, root)
    }

    @Test func `exec joins a running container's namespaces`() throws {
        try withRunningContainer { target, _ in
            var plan = ProcessPlan()
            let standard = Standard.inputs(&plan)
            let slot = plan.input("target")
            plan.pidNamespace = slot
            plan.setNamespaces(slot, [.mount, .network, .ipc, .uts, .cgroup])
            plan.standard(standard)
            plan.changeDirectory("/tmp")
            plan.boundingSet(.containerDefault)
            plan.capabilities(CapabilitySets(container: .containerDefault))
            plan.noNewPrivileges()
            plan.seccomp(try SeccompFilter.runtimeDefault(capabilities: .containerDefault))
            plan.exec(
                arguments: ["sh", "-c", "pwd; hostname; ls /proc | grep '^[0-9]*$'; readlink /proc/self/ns/pid; readlink /proc/1/ns/pid"],
                environment: ["PATH=/bin"], candidates: ["/bin/sh"])
            let finished = try run(plan, more: [target.pidfd.rawValue])
            let lines = finished.output.split(separator: "\n")
            #expect(finished.code == 0)
            #expect(lines.prefix(3) == ["/tmp", "box", "1"])
            #expect(lines.suffix(2).first == lines.last)
            // The caller's own later children are born where it lives.
            #expect(try NamespaceID.of(pid: getpid(), .pid) == NamespaceID(try OwnedFD.namespace(.pid)))
            var after = ProcessPlan()
            let inputs = Standard.inputs(&after)
            after.standard(inputs)
            after.exec(arguments: ["readlink", "/proc/self/ns/pid"], environment: [], candidates: ["/bin/readlink"])
            #expect(try run(after).output == (try Files.linkTarget("/proc/self/ns/pid")) + "\n")
        }
    }

    @Test func `a second clone is this process's child, in its own pid namespace`() throws {
        var plan = ProcessPlan(cloneFlags: .mount)
        let standard = Standard.inputs(&plan)
        plan.fork([.pid, .mount])
        plan.propagation(.private)
        plan.mount(type: "proc", target: "/proc", onHost: true)
        plan.standard(standard)
        plan.exec(arguments: ["sh", "-c", "echo $$; read x"], environment: ["PATH=/bin"], candidates: ["/bin/sh"])
        let input = try OwnedFD.pipe()
        let output = try OwnedFD.pipe()
        let spawned = try spawn(try plan.encoded(), descriptors: [input.read.rawValue, output.write.rawValue])
        #expect(String(decoding: try output.read.read(upTo: 10), as: UTF8.self) == "1\n")
        let status = try ProcessStatus.read(pid: spawned.pid)
        #expect(status.parentPID == getpid())
        #expect(status.namespacePIDs == [spawned.pid, 1])
        try spawned.pidfd.send(signal: 0)
        try input.write.writeAll(Array("\n".utf8))
        #expect(try spawned.pidfd.waitForExit() == .exited(0))
    }

    @Test func `init reaps orphans and ends on SIGTERM`() throws {
        var plan = ProcessPlan(cloneFlags: [.pid, .mount])
        plan.setSID()
        plan.becomeInit()
        let spawned = try plan.spawn()
        let status = try ProcessStatus.read(pid: spawned.pid)
        #expect(status.name == "init")
        #expect(status.namespacePIDs.last == 1)
        #expect(try Files.names(in: "/proc/\(spawned.pid)/fd").isEmpty)
        // A process of the namespace leaves an orphan behind, which ends at once.
        var orphan = ProcessPlan()
        let standard = Standard.inputs(&orphan)
        orphan.pidNamespace = orphan.input("target")
        orphan.standard(standard)
        orphan.exec(arguments: ["sh", "-c", "(sh -c 'exit 3' &) ; exit 0"], environment: ["PATH=/bin"], candidates: ["/bin/sh"])
        #expect(try run(orphan, more: [spawned.pidfd.rawValue]).code == 0)
        let deadline = ContinuousClock.now + .seconds(5)
        while try children(of: spawned.pid) > 0 {
            guard ContinuousClock.now < deadline else {
                Issue.record("the orphan was not reaped")
                break
            }
            usleep(1000)
        }
        try spawned.pidfd.send(signal: SIGTERM)
        #expect(try spawned.pidfd.waitForExit() == .exited(0))
    }

    private func children(of pid: Int32) throws -> Int {
        try Files.readText("/proc/\(pid)/task/\(pid)/children").split(separator: " ").count
    }

    /// tmpfs, which /tmp may be, takes an id mapping since Linux 6.3.
    @Test(.enabled(if: KernelVersion.running >= KernelVersion(6, 3)))
    func `a container in a user namespace owns its root and is nobody outside`() throws {
        let root = try RootFixture()
        try userNamespaceOwns(root)
        let user = try makeUserNamespace(outside: 200_000, count: 65536)
        var plan = ProcessPlan(cloneFlags: .mount)
        let standard = Standard.inputs(&plan)
        let namespace = plan.input("user")
        plan.propagation(.private)
        // The layer belongs to root on the host; the container sees it through the mapping.
        let layer = plan.bindDetached(path: root.lower, recursive: false, idmap: namespace)
        plan.bind(source: .detached(layer), target: root.lower, recursive: false, onHost: true)
        let rootfs = root.overlay(&plan)
        plan.oomScoreAdj(600)
        plan.setNamespaces(namespace, .user)
        plan.gid(0)
        plan.uid(0)
        plan.fork([.mount, .pid, .ipc, .uts, .cgroup, .network])
        plan.propagation(.private)
        plan.root(detached: rootfs)
        ContainerPlan().mounts(&plan)
        for path in ContainerPlan().maskedPaths { plan.mask(path) }
        plan.pivotRoot()
        plan.setSID()
        plan.standard(standard)
        plan.hostname("nested")
        plan.boundingSet(.containerDefault)
        plan.groups([])
        plan.capabilities(CapabilitySets(container: .containerDefault))
        plan.noNewPrivileges()
        plan.exec(
            arguments: [
                "sh", "-c",
                "id -u; stat -c %u /bin/busybox; echo $$; hostname; grep CapEff /proc/self/status; echo x >/made; echo x >/dev/null && cat /proc/self/uid_map; cat /proc/self/oom_score_adj; echo 1 >/proc/sys/kernel/panic || echo refused",
            ],
            environment: ["PATH=/bin"], candidates: ["/bin/sh"])
        do {
            let finished = try run(plan, more: [user.rawValue])
            #expect(finished.output.hasPrefix("0\n0\n1\nnested\nCapEff:\t00000000a80425fb\n"), "\(finished.output)")
            #expect(finished.output.contains(" 200000 ") && finished.output.contains("\n600\n") && finished.output.contains("refused"))
        } catch let failure as SpawnFailure {
            throw CallFailed(description: failure.description(in: plan))
        }
        var status = stat()
        try call(stat(root.upper + "/made", &status))
        #expect(status.st_uid == 200_000)
    }

    private func userNamespaceOwns(_ root: RootFixture) throws {
        for path in [root.upper, root.work] { try call(chown(path, 200_000, 200_000)) }
        try call(chmod(root.directory, 0o755))
    }

    private func makeUserNamespace(outside: UInt32, count: UInt32) throws -> OwnedFD {
        var plan = ProcessPlan(cloneFlags: .user)
        let standard = Standard.inputs(&plan)
        plan.standard(standard)
        plan.exec(arguments: ["sleep", "1000"], environment: [], candidates: ["/bin/sleep"])
        let descriptors = try Standard()
        defer { descriptors.closeAll() }
        let spawned = try spawn(try plan.encoded(), descriptors: descriptors.descriptors)
        defer {
            try? spawned.pidfd.send(signal: SIGKILL)
            _ = try? spawned.pidfd.waitForExit()
        }
        for map in ["uid_map", "gid_map"] { try Files.write("0 \(outside) \(count)", to: "/proc/\(spawned.pid)/\(map)") }
        return try OwnedFD.namespace(.user, of: spawned.pid)
    }
}

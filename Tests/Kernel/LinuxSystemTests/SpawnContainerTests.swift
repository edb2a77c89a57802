import CLinux
import Glibc
import LinuxSystem
import Testing

@Suite(.enabled(if: RootFixture.canRun))
struct SpawnContainerTests {
    /// Runs and explains a failure with the plan's words.
    func start(_ container: ContainerPlan, on root: RootFixture, more: [CInt] = []) throws -> Finished {
        let plan = container.plan(on: root)
        do {
            return try run(plan, more: more)
        } catch let failure as SpawnFailure {
            throw CallFailed(description: failure.description(in: plan))
        }
    }

    func shell(_ script: String, _ change: (inout ContainerPlan) -> Void = { _ in }) throws -> Finished {
        var container = ContainerPlan()
        container.command = ["/bin/sh", "-c", script]
        change(&container)
        return try start(container, on: try RootFixture())
    }

    @Test func `a container is pid 1 of its own root and hostname`() throws {
        let root = try RootFixture()
        var container = ContainerPlan()
        container.command = ["/bin/sh", "-c", "echo $$; hostname; ls /; pwd; echo x >/written"]
        let finished = try start(container, on: root)
        #expect(finished.code == 0)
        #expect(finished.output == "1\nbox\nbin\ndev\netc\nproc\nsys\ntmp\n/\n")
        #expect(access(root.upper + "/written", F_OK) == 0)
    }

    @Test func `the kernel shows the identity that was asked for`() throws {
        let finished = try shell("cat /proc/self/status; ulimit -n; umask") { $0.uid = 1000 }
        let status = try #require(ProcessStatus(parsing: finished.output))
        #expect(status.uids == [1000, 1000, 1000, 1000])
        #expect(status.gids == [1000, 1000, 1000, 1000])
        #expect(status.groups == [])
        #expect(status.capabilities.bounding == .containerDefault)
        #expect(status.capabilities.effective == [])  // lost by the exec of another user than root
        #expect(status.noNewPrivileges)
        #expect(finished.output.hasSuffix("\n512\n0022\n"))
    }

    @Test func `ambient capabilities survive the exec of an ordinary user`() throws {
        let bind = try #require(CapabilitySet(name: "NET_BIND_SERVICE"))
        var plan = ProcessPlan(cloneFlags: .mount)
        let standard = Standard.inputs(&plan)
        plan.standard(standard)
        plan.boundingSet(.containerDefault)
        plan.uid(1000)
        plan.capabilities(CapabilitySets(bounding: bind, effective: bind, permitted: bind, inheritable: bind, ambient: bind))
        plan.exec(arguments: ["cat", "/proc/self/status"], environment: [], candidates: ["/bin/cat"])
        let status = try #require(ProcessStatus(parsing: try run(plan).output))
        #expect(status.capabilities.effective == bind)
        #expect(status.capabilities.ambient == bind)
    }

    @Test func `mounts have their types and attributes`() throws {
        let finished = try shell("cat /proc/self/mountinfo")
        let table = MountTable(parsing: finished.output)
        let expected: [(String, String, Set<String>)] = [
            ("/", "overlay", ["rw"]), ("/proc", "proc", ["rw", "nosuid", "nodev", "noexec"]),
            ("/dev", "tmpfs", ["rw", "nosuid"]), ("/sys", "sysfs", ["ro", "nosuid", "nodev", "noexec"]),
            ("/dev/pts", "devpts", ["rw", "nosuid", "noexec"]), ("/dev/shm", "tmpfs", ["rw", "nosuid", "nodev", "noexec"]),
            ("/proc/sys", "proc", ["ro", "nosuid", "nodev", "noexec"]), ("/sys/firmware", "tmpfs", ["ro", "nosuid", "nodev", "noexec"]),
        ]
        for (path, type, options) in expected {
            let mount = try #require(table.mount(at: path), "\(path) is not mounted")
            #expect(mount.type == type)
            #expect(options.isSubset(of: mount.options), "\(path): \(mount.options)")
        }
        #expect(table.entries.allSatisfy { $0.sharedGroup == nil && $0.masterGroup == nil })
    }

    @Test(arguments: [
        "echo 1 >/proc/sys/kernel/panic", "echo x >/proc/sysrq-trigger", "mknod /dev/sda b 8 0 && cat /dev/sda", "echo x >/sys/kernel/x",
        "umount /proc/sys", "mount -o remount,rw /sys", "ls /sys/firmware | grep .", "grep . /proc/keys",
    ])
    func `what a container must not do fails`(script: String) throws {
        let finished = try shell(script + " 2>&1") { $0.capabilities.remove(CapabilitySet(name: "MKNOD")!) }
        #expect(finished.code != 0, "\(finished.output)")
    }

    @Test func `no descriptor of the host reaches the program`() throws {
        let directory = try call(open("/", O_RDONLY | O_DIRECTORY))  // without O_CLOEXEC, as a careless caller would
        defer { close(directory) }
        let finished = try shell("cd /proc/self/fd && ls -l | grep -v pipe | grep -v null")
        // ls has its own directory open; nothing else is left.
        #expect(!finished.output.contains("-> / \n") && !finished.output.contains("host"))
        #expect(finished.output.split(separator: "\n").filter { $0.contains("->") }.count <= 1, "\(finished.output)")
    }

    @Test func `a seccomp filter is loaded and acts`() throws {
        let filter = try SeccompFilter.runtimeDefault(capabilities: .containerDefault)
        let finished = try shell("grep -E 'Seccomp' /proc/self/status; /bin/busybox unshare -m true 2>&1; echo $?") { $0.seccomp = filter }
        #expect(finished.output.hasPrefix("Seccomp:\t2\nSeccomp_filters:\t1\n"))
        #expect(finished.output.contains("Operation not permitted"))
        #expect(finished.output.hasSuffix("1\n"))
    }

    @Test func `a program is found as execvp finds it, and a missing one is named`() throws {
        func attempt(_ candidates: [String]) throws -> Finished {
            let root = try RootFixture()
            try root.write("/etc/plain", "#!/bin/sh\n", mode: 0o644)
            var container = ContainerPlan()
            container.command = ["true"]
            container.candidates = candidates
            return try run(container.plan(on: root))
        }
        #expect(try attempt(["/nowhere/true", "/etc/plain/true", "/bin/true"]).code == 0)
        for (candidates, errno, named) in [
            (["/nowhere/x", "/bin/x"], Errno.noSuchFile, "/nowhere/x"), (["/etc/plain", "/bin/x"], .accessDenied, "/etc/plain"),
            (["/tmp"], .accessDenied, "/tmp"),
        ] {
            let failure = #expect(throws: SpawnFailure.self) { _ = try attempt(candidates) }
            #expect(failure?.step == .exec)
            #expect(failure?.errno == errno)
            #expect(failure?.detail == named)
        }
    }

    @Test func `the same container runs in a cgroup and joins a network namespace`() throws {
        let path = "/sys/fs/cgroup/unified/swiftlet-test-\(getpid())"
        guard mkdir(path, 0o755) == 0 else { return }  // no cgroup v2 here
        defer { rmdir(path) }
        let cgroup = try call(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC))
        defer { close(cgroup) }
        let finished = try shellInCgroup("cat /proc/self/cgroup; ls /proc/self/ns >/dev/null; exit 7", cgroup)
        #expect(finished.code == 7)
        #expect(finished.output.contains("0::/"))
    }

    private func shellInCgroup(_ script: String, _ cgroup: CInt) throws -> Finished {
        var container = ContainerPlan()
        container.command = ["/bin/sh", "-c", script]
        container.cgroupInput = true
        return try start(container, on: try RootFixture(), more: [cgroup])
    }

    @Test func `an overlay of mount(2) on a directory of the host is a root, too`() throws {
        let root = try RootFixture()
        let merged = root.directory + "/merged"
        try call(mkdir(merged, 0o755))
        var plan = ProcessPlan(cloneFlags: [.mount, .pid])
        let standard = Standard.inputs(&plan)
        plan.propagation(.private)
        plan.mountClassic(
            type: "overlay", source: "overlay", target: merged,
            options: "lowerdir=\(root.lower),upperdir=\(root.upper),workdir=\(root.work)", onHost: true)
        plan.root(merged)
        ContainerPlan().mounts(&plan)
        plan.pivotRoot()
        plan.rootReadOnly()
        plan.standard(standard)
        plan.exec(
            arguments: ["sh", "-c", "touch /x || touch /dev/shm/x && ls / && pwd"], environment: ["PATH=/bin"], candidates: ["/bin/sh"])
        let finished = try run(plan)
        #expect(finished.output.hasSuffix("bin\ndev\netc\nproc\nsys\ntmp\n/\n"))
        #expect(finished.output.contains("Read-only file system"))
        #expect(finished.code == 0)
    }

    @Test func `a container leaves no mount behind on the host`() throws {
        let before = try MountTable.read().entries.count
        for _ in 0..<5 { #expect(try shell("true").code == 0) }
        #expect(try MountTable.read().entries.count <= before + 2)  // others' tests mount as well
    }

    @Test func `2000 environment variables and arguments pass`() throws {
        var plan = ProcessPlan()
        let standard = Standard.inputs(&plan)
        plan.standard(standard)
        let many = (0..<3000).map { "argument-\($0)" }
        plan.exec(arguments: ["sh", "-c", "echo $#", "sh"] + many, environment: many.map { "V=\($0)" }, candidates: ["/bin/sh"])
        #expect(try run(plan).output == "3000\n")
    }
}

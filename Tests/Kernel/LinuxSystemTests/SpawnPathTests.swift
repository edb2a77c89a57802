import Glibc
import LinuxSystem
import Testing

/// Paths that an image or a volume has filled with links: nothing may end up outside, or on a look-alike.
@Suite(.enabled(if: RootFixture.canRun))
struct SpawnPathTests {
    func container(_ script: String, _ extra: @escaping (inout ProcessPlan) -> Void) -> ContainerPlan {
        var container = ContainerPlan()
        container.command = ["/bin/sh", "-c", script]
        container.extra = extra
        return container
    }

    @Test(arguments: ["/tmp/link/made/here", "/tmp/link/../up/here", "/tmp/relative/here", "/tmp/dangling/here"])
    func `mount targets are made inside the root, whatever the links say`(target: String) throws {
        let root = try RootFixture()
        let outside = try makeTemporaryDirectory()
        defer { removeTree(outside) }
        // The absolute links name a directory of the host that exists.
        try call(symlink(outside, root.lower + "/tmp/link"))
        try call(symlink("../../../../../../etc", root.lower + "/tmp/relative"))
        try call(symlink("/no/such/place", root.lower + "/tmp/dangling"))
        let plan = container("cat \(target)/file") { plan in
            plan.mount(type: "tmpfs", target: target, createTarget: true)
            plan.changeDirectory(target)
        }.plan(on: root)
        let finished = try run(plan)
        #expect(finished.output.contains("No such file"))
        #expect(try Files.names(in: outside).isEmpty)
        #expect(access("/tmp/up/here", F_OK) != 0)
    }

    @Test func `a mount over proc through a link is refused`() throws {
        let root = try RootFixture()
        try call(rmdir(root.lower + "/proc"))
        try call(symlink("/tmp", root.lower + "/proc"))
        let plan = ContainerPlan().plan(on: root)
        let failure = #expect(throws: SpawnFailure.self) { _ = try run(plan) }
        #expect(failure?.description(in: plan) == "mount proc on /proc: open target: /proc: Too many levels of symbolic links")
    }

    @Test func `a look-alike of proc is not masked in silence`() throws {
        let root = try RootFixture()
        var container = ContainerPlan()
        // Something else is mounted over the container's /proc, as a volume could be.
        container.extra = { plan in
            plan.mount(type: "tmpfs", target: "/proc")
            plan.makeDirectory("/proc/acpi")
        }
        let plan = container.plan(on: root)
        let failure = #expect(throws: SpawnFailure.self) { _ = try run(plan) }
        #expect(failure?.step == .verify)
        #expect(failure?.description(in: plan) == "mask /proc/acpi: verify: /proc/acpi: Invalid cross-device link")
    }

    @Test func `writes to proc go to a real procfs only`() throws {
        let root = try RootFixture()
        try root.write("/etc/fake", "before")
        let plan = container("true") { plan in
            plan.pivotRoot()
            plan.bind(source: .path("/etc/fake"), target: "/proc/version", recursive: false)
            plan.write("/proc/version", value: "after")
        }.plan(on: root)
        let failure = #expect(throws: SpawnFailure.self) { _ = try run(plan) }
        #expect(failure?.errno == .crossDevice)
        #expect(access(root.upper + "/etc/fake", F_OK) != 0)
    }

    @Test func `the null device behind masks must be the real one`() throws {
        let root = try RootFixture()
        // After the pivot, /dev/null is the container's own: here an ordinary file.
        let plan = container("true") { plan in
            plan.pivotRoot()
            plan.bind(source: .path("/bin/busybox"), target: "/dev/null", recursive: false)
            plan.mask("/proc/keys")
        }.plan(on: root)
        let failure = #expect(throws: SpawnFailure.self) { _ = try run(plan) }
        #expect(failure?.step == .verify)
        #expect(failure?.detail == "/dev/null")
    }

    @Test(arguments: ["/proc/self/fd/3", "/proc/self/fd/5", "/proc/self/fd/7", "/proc/thread-self/fd/4", "/tmp/cwd"])
    func `a working directory behind a descriptor is refused`(directory: String) throws {
        let root = try RootFixture()
        try call(symlink("/proc/self/fd/4", root.lower + "/tmp/cwd"))
        let host = try call(open("/", O_RDONLY | O_DIRECTORY))
        defer { close(host) }
        var container = ContainerPlan()
        container.workingDirectory = directory
        let failure = #expect(throws: SpawnFailure.self) { _ = try run(container.plan(on: root)) }
        #expect(failure?.step == .changeDirectory)
        #expect(failure?.detail == directory)
    }

    @Test func `a program behind a descriptor is not found`() throws {
        let root = try RootFixture()
        var container = ContainerPlan()
        container.command = ["true"]
        container.candidates = (3..<40).map { "/proc/self/fd/\($0)/bin/true" }
        #expect(throws: SpawnFailure.self) { _ = try run(container.plan(on: root)) }
    }

    @Test(arguments: [("inside/link-in", true), ("link-out", false), ("link-up", false), ("inside/../../..", false)])
    func `a subPath stays in its volume`(subPath: String, isAllowed: Bool) throws {
        let root = try RootFixture()
        let volume = try makeTemporaryDirectory()
        defer { removeTree(volume) }
        try call(mkdir(volume + "/inside", 0o755))
        try call(mkdir(volume + "/other", 0o755))
        try call(symlink("../other", volume + "/inside/link-in"))
        try call(symlink("/etc", volume + "/link-out"))
        try call(symlink("..", volume + "/link-up"))
        let plan = container("touch /tmp/v/made") { plan in
            plan.bind(source: .path(volume), beneath: subPath, target: "/tmp/v", createTarget: .directory)
        }.plan(on: root)
        if isAllowed {
            #expect(try run(plan).code == 0)
            #expect(access(volume + "/other/made", F_OK) == 0)
        } else {
            let failure = #expect(throws: SpawnFailure.self) { _ = try run(plan) }
            #expect(failure?.step == .openSource)
            #expect(failure?.errno == .crossDevice)
        }
    }

    @Test func `binds of files and directories, read-only and detached`() throws {
        let root = try RootFixture()
        let volume = try makeTemporaryDirectory()
        defer { removeTree(volume) }
        try call(mkdir(volume + "/sub", 0o755))
        let file = open(volume + "/sub/file", O_WRONLY | O_CREAT, 0o644)
        write(file, "text", 4)
        close(file)
        let detached = try DetachedMount.clone(path: volume, beneath: "sub", recursive: true)
        var plan = ProcessPlan(cloneFlags: [.mount, .pid])
        let standard = Standard.inputs(&plan)
        let tree = plan.input("volume")
        plan.propagation(.private)
        plan.root(detached: root.overlay(&plan))
        ContainerPlan().mounts(&plan)
        plan.bind(source: .path(volume + "/sub/file"), target: "/etc/deep/er/file", createTarget: .file)
        plan.bind(source: .path(volume), target: "/ro", attributes: .readOnly, recursiveAttributes: true, createTarget: .directory)
        plan.bind(source: .detached(tree), target: "/given", createTarget: .directory)
        let held = plan.open("etc", flags: O_PATH | O_DIRECTORY, resolve: .inRoot)
        plan.bind(source: .slot(held), target: "/again", createTarget: .directory)
        plan.pivotRoot()
        plan.standard(standard)
        plan.exec(
            arguments: [
                "sh", "-c",
                "cat /etc/deep/er/file /ro/sub/file /given/file /again/deep/er/file; touch /ro/x || echo refused; touch /given/y",
            ],
            environment: [], candidates: ["/bin/sh"])
        let finished = try run(plan, more: [detached.rawValue])
        #expect(finished.output.hasPrefix("texttexttexttext"))
        #expect(finished.output.contains("refused"))
        #expect(access(volume + "/sub/y", F_OK) == 0)
        #expect(access(volume + "/x", F_OK) != 0)
    }
}

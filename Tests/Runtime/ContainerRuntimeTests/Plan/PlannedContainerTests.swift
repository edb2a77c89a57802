import CRI
import Glibc
import LinuxSystem
import Testing

@testable import ContainerRuntime

/// The plan of a container, carried out by the kernel.
@Suite(.enabled(if: BusyboxRoot.isAvailable)) struct PlannedContainerTests {
    @Test func `a command runs in its own root`() throws {
        let (end, text) = try runPlanned(["/bin/sh", "-c", "echo hello; ls /; exit 7"])
        #expect(end == .exited(7))
        #expect(text.split(separator: "\n").map(String.init) == ["hello", "bin", "dev", "etc", "proc", "sys", "tmp", "usr"])
    }

    @Test(arguments: [
        (["foo"], "exec: \"foo\": executable file not found in $PATH"),
        (["/nowhere/foo"], "exec: \"/nowhere/foo\": stat /nowhere/foo: no such file or directory"),
        (["/etc/passwd"], "exec: \"/etc/passwd\": permission denied"),
        (["/etc"], "exec: \"/etc\": permission denied"),
    ])
    func `a program that cannot be started is named`(command: [String], message: String) throws {
        let error = #expect(throws: SpecError.self) { try runPlanned(command) }
        #expect(error?.description == message)
    }

    @Test func `ids, groups, capabilities and no_new_privs are as asked for`() throws {
        let root = try BusyboxRoot()
        let config = makeConfig {
            $0.command = ["/bin/sleep", "100"]
            $0.securityContext.noNewPrivs = true
            $0.securityContext.supplementalGroups = [4242]
            $0.securityContext.seccomp = .runtimeDefault
        }
        let resolver = makeResolver { $0.user = UserFacts(uid: 1000, gid: 1001, additionalGroups: [10], home: "/tmp") }
        let container = try PlannedContainer(config, resolver: resolver, root: root)
        let status = try ProcessStatus.read(pid: container.pid)
        #expect(status.uids == [1000, 1000, 1000, 1000])
        #expect(status.gids == [1001, 1001, 1001, 1001])
        #expect(status.groups.sorted() == [10, 1001, 4242])
        #expect(status.capabilities.bounding == .containerDefault)
        #expect(status.capabilities.effective == [] && status.capabilities.permitted == [] && status.capabilities.ambient == [])
        #expect(status.noNewPrivileges)
        #expect(status.seccomp == .filter)
        #expect(status.namespacePIDs.last == 1)
        #expect(status.umask == 0o022)
    }

    @Test func `root keeps the default capabilities only`() throws {
        let container = try PlannedContainer(makeConfig { $0.command = ["/bin/sleep", "100"] }, root: try BusyboxRoot())
        let capabilities = try ProcessStatus.read(pid: container.pid).capabilities
        #expect(capabilities == CapabilitySets(container: .containerDefault))
    }

    @Test func `masked paths are empty, read-only ones cannot be written`() throws {
        let (_, text) = try runPlanned([
            "/bin/sh", "-c",
            """
            cat /proc/keys | wc -c; ls /sys/firmware | wc -l; cat /proc/timer_list | wc -c
            echo 1 > /proc/sys/kernel/domainname; mkdir /sys/fs/cgroup/x; touch /sys/x
            """,
        ])
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.prefix(3) == ["0", "0", "0"])
        #expect(lines.dropFirst(3).count(where: { $0.contains("Read-only file system") }) == 3, "\(text)")
    }

    @Test func `the usual devices are there and nothing else`() throws {
        let (_, text) = try runPlanned(["/bin/ls", "/dev"])
        #expect(
            text.split(separator: "\n").map(String.init) == [
                "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "stderr", "stdin", "stdout", "tty", "urandom", "zero",
            ])
    }

    @Test func `mounts have the flags of the security defaults`() throws {
        let container = try PlannedContainer(makeConfig { $0.command = ["/bin/sleep", "100"] }, root: try BusyboxRoot())
        let table = try MountTable.read(pid: container.pid)
        let expected: [(String, String, Set<String>)] = [
            ("/", "overlay", ["rw"]), ("/proc", "proc", ["rw", "nosuid", "nodev", "noexec"]), ("/dev", "tmpfs", ["rw", "nosuid"]),
            ("/dev/pts", "devpts", ["rw", "nosuid", "noexec"]), ("/dev/mqueue", "mqueue", ["rw", "nosuid", "nodev", "noexec"]),
            ("/sys", "sysfs", ["ro", "nosuid", "nodev", "noexec"]), ("/sys/fs/cgroup", "cgroup2", ["ro", "nosuid", "nodev", "noexec"]),
        ]
        for (point, type, options) in expected {
            let entry = try #require(table.mount(at: point), "\(point)")
            #expect(entry.type == type)
            #expect(options.isSubset(of: entry.options), "\(point): \(entry.options)")
            #expect(entry.sharedGroup == nil && entry.masterGroup == nil)
        }
        #expect(table.entries.count == expected.count)
    }

    @Test func `volumes: read-only, sub path, file, working directory made`() throws {
        let root = try BusyboxRoot()
        let volume = try root.makeDirectory("volume/sub")
        try Files.replace("\(volume)/file", with: Array("content".utf8), mode: 0o644)
        let resolver = makeResolver {
            $0.host.mountSources[.init(path: "\(root.directory)/volume", subPath: "sub")] = true
            $0.host.mountSources[.init(path: "\(volume)/file", subPath: "")] = false
        }
        var sub = Mount(containerPath: "/data", hostPath: "\(root.directory)/volume")
        sub.subPath = "sub"
        sub.readonly = true
        let file = Mount(containerPath: "/etc/deep/er/conf", hostPath: "\(volume)/file")
        let (end, text) = try runPlanned(
            ["/bin/sh", "-c", "pwd; cat /data/file /etc/deep/er/conf; echo; touch /data/x; echo more > /etc/deep/er/conf"],
            resolver: resolver, root: root
        ) {
            $0.mounts = [sub, file]
            $0.workingDir = "/made/for/me"
        }
        #expect(end == .exited(0))
        #expect(text == "/made/for/me\ncontentcontent\ntouch: /data/x: Read-only file system\n")
        #expect(try Files.readText("\(volume)/file") == "more\n")
    }

    @Test func `a read-only root stays writable where the image has a volume`() throws {
        let resolver = makeResolver { $0.image.volumes = ["/data"] }
        let (_, text) = try runPlanned(["/bin/sh", "-c", "touch /x; touch /data/x && echo fine"], resolver: resolver) {
            $0.securityContext.readonlyRootfs = true
        }
        #expect(text == "touch: /x: Read-only file system\nfine\n")
    }

    @Test func `the cgroup namespace is rooted at the container`() throws {
        let (_, text) = try runPlanned(["/bin/sh", "-c", "cat /proc/self/cgroup | grep ^0:"])
        #expect(text == "0::/\n")
    }

    @Test func `no descriptor of the machine is left`() throws {
        let (_, text) = try runPlanned(["/bin/ls", "/proc/self/fd"])
        // 3 is ls's own, of the directory.
        #expect(text.split(separator: "\n") == ["0", "1", "2", "3"])
    }

    @Test func `a working directory by a descriptor's link is refused`() throws {
        for number in 3..<12 {
            #expect(throws: SpecError.self) { try runPlanned(["/bin/pwd"]) { $0.workingDir = "/proc/self/fd/\(number)" } }
        }
    }

    @Test func `privileged sees the machine's devices and writes sysfs`() throws {
        // This machine may have fewer to give than the kernel has.
        let available = try ProcessStatus.read(pid: getpid()).capabilities.bounding
        let container = try PlannedContainer(
            makeConfig {
                $0.command = ["/bin/sleep", "100"]
                $0.securityContext.privileged = true
            }, resolver: makeResolver { $0.host.availableCapabilities = available }, root: try BusyboxRoot())
        let status = try ProcessStatus.read(pid: container.pid)
        #expect(status.capabilities.effective == available)
        #expect(status.seccomp == .disabled)
        let table = try MountTable.read(pid: container.pid)
        #expect(table.mount(at: "/sys")?.isReadOnly == false)
        #expect(table.mount(at: "/sys/fs/cgroup")?.isReadOnly == false)
    }
}

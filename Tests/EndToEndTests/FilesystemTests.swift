import Foundation
import Testing

extension EndToEnd {
    /// A container's file systems, read from outside: /proc/PID/mountinfo and /proc/PID/root.
    @Suite struct FilesystemTests {}
}

extension EndToEnd.FilesystemTests {
    @Test func `a plain container has the usual mounts, private ones, and not one more`() throws {
        try withPod(Manifest.fixture("pod")) { _, pod throws in
            let process = try pod.process()
            let mounts = try process.mounts()
            let covered = [
                "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
                "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
            ].filter { FileManager.default.fileExists(atPath: $0) }
            let usual = [
                "/", "/proc", "/dev", "/dev/pts", "/dev/mqueue", "/dev/shm", "/sys", "/sys/fs/cgroup", "/etc/hosts", "/etc/hostname",
                "/etc/resolv.conf", "/dev/termination-log",
            ]
            let thermal = mounts.map(\.target).filter { $0.hasSuffix("/thermal_throttle") }
            #expect(mounts.map(\.target).sorted() == (usual + covered + thermal).sorted())
            #expect(mounts.allSatisfy { $0.propagation.isEmpty }, "\(mounts.filter { !$0.propagation.isEmpty })")
        }
    }

    @Test(arguments: [
        ("/", "overlay", ["rw"]), ("/proc", "proc", ["rw", "nosuid", "nodev", "noexec"]), ("/dev", "tmpfs", ["rw", "nosuid"]),
        ("/dev/pts", "devpts", ["rw", "nosuid", "noexec"]), ("/dev/shm", "tmpfs", ["rw", "nosuid", "nodev", "noexec"]),
        ("/sys", "sysfs", ["ro", "nosuid", "nodev", "noexec"]), ("/sys/fs/cgroup", "cgroup2", ["ro", "nosuid", "nodev", "noexec"]),
        ("/proc/sys", "proc", ["ro"]), ("/proc/interrupts", "devtmpfs|tmpfs", []),
    ])
    func `each has its type and its restrictions`(target: String, types: String, options: [String]) throws {
        try withPod(Manifest.fixture("pod")) { _, pod throws in
            let mount = try #require(try pod.process().mount(target))
            #expect(types.split(separator: "|").contains(Substring(mount.type)), "\(mount)")
            #expect(Set(mount.options).isSuperset(of: options), "\(mount)")
        }
    }

    @Test func `of the machine's cgroups the container sees its own only`() throws {
        try withPod(Manifest.fixture("pod")) { _, pod throws in
            let process = try pod.process()
            #expect(try process.mount("/sys/fs/cgroup")?.root == process.cgroup())
            let members = try process.file("/sys/fs/cgroup/cgroup.procs").split(separator: "\n")
            #expect(members.count == 1)
        }
    }

    @Test func `a read-only root takes no write; a volume in it does`() throws {
        let manifest = Manifest.busybox(
            command: "touch /x 2>&1; touch /v/x && echo volume; sleep 1000", pod: "volumes: [{name: v, emptyDir: {}}]",
            container: "securityContext: {readOnlyRootFilesystem: true}, volumeMounts: [{name: v, mountPath: /v}]")
        try withPod(manifest, images: ["busybox"]) { machine, pod throws in
            #expect(try pod.process().mount("/")?.options.contains("ro") == true)
            #expect(try pod.process().mount("/v")?.options.contains("rw") == true)
            try waitUntil("it has tried") { try machine.swiftlet(["logs"], [pod.name]).stdout.contains("volume") }
            #expect(try machine.swiftlet(["logs"], [pod.name]).stdout == "touch: /x: Read-only file system\nvolume\n")
        }
    }

    @Test func `procMount Unmasked hides nothing`() throws {
        let manifest = Manifest.fixture("pod", pod: "hostUsers: false", container: "securityContext: {procMount: Unmasked}")
        try withPod(manifest) { _, pod throws in
            let targets = Set(try pod.process().mounts().map(\.target))
            #expect(targets.isDisjoint(with: ["/proc/kcore", "/proc/sys", "/proc/sysrq-trigger", "/sys/firmware"]))
        }
    }

    @Test func `masked files are empty and masked directories too`() throws {
        let script = "wc -c < /proc/interrupts; wc -c < /proc/timer_list; ls -A /sys/firmware | wc -l"
        try withMachine { machine throws in
            let pod = try machine.manifest(Manifest.busybox(command: script))
            #expect(try machine.swiftlet(["run"], ["-f", pod]).stdout == "main | 0\nmain | 0\nmain | 0\n")
        }
    }
}

// MARK: - Volumes

extension EndToEnd.FilesystemTests {
    @Test func `an emptyDir in memory has its size`() throws {
        let manifest = Manifest.fixture(
            "pod", pod: "volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 16Mi}}]",
            container: "volumeMounts: [{name: v, mountPath: /v}]")
        try withPod(manifest) { _, pod throws in
            let mount = try #require(try pod.process().mount("/v"))
            #expect(mount.type == "tmpfs")
            #expect(mount.superOptions.contains("size=16384k"), "\(mount)")
        }
    }

    @Test func `a full emptyDir in memory refuses more and harms nobody`() throws {
        try withMachine { machine throws in
            let pod = try machine.manifest(
                Manifest.busybox(
                    command: "head -c 5000000 /dev/zero > /v/x || echo full; wc -c < /v/x",
                    pod: "volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]",
                    container: "volumeMounts: [{name: v, mountPath: /v}]"))
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.stdout.contains("main | full\nmain | 1048576\n"), "\(result.stdout)")
        }
    }

    /// A tmpfs with another below it, as a volume of the host.
    private func withNestedMounts<Result>(shared: Bool, _ body: (Machine, URL) throws -> Result) throws -> Result {
        try withMachine(images: ["fixture", "busybox"]) { machine throws in
            let folder = try machine.directory("nested")
            try shell("mount -t tmpfs outer \(folder.path) && mount --make-\(shared ? "shared" : "private") \(folder.path)")
            defer { _ = try? shell("umount -R -l \(folder.path)") }
            try shell("mkdir \(folder.path)/inner && mount -t tmpfs inner \(folder.path)/inner")
            return try body(machine, folder)
        }
    }

    @Test(arguments: [
        ("readOnly: true", ["ro"], ["rw"]), ("readOnly: true, recursiveReadOnly: Enabled", ["ro"], ["ro"]),
        ("readOnly: true, recursiveReadOnly: IfPossible", ["ro"], ["ro"]), ("readOnly: false", ["rw"], ["rw"]),
    ])
    func `read-only holds for the volume, recursively when asked`(field: String, outer: [String], inner: [String]) throws {
        try withNestedMounts(shared: false) { machine, folder throws in
            let manifest = Manifest.fixture(
                "pod", pod: "volumes: [{name: v, hostPath: {path: \(folder.path)}}]",
                container: "volumeMounts: [{name: v, mountPath: /v, \(field)}]")
            _ = try machine.manifest(manifest, name: "manifests/pod.yaml")
            let process = try machine.startAgent().waitUntilRunning("pod").process()
            #expect(Set(try process.mount("/v")?.options ?? []).isSuperset(of: outer))
            #expect(Set(try process.mount("/v/inner")?.options ?? []).isSuperset(of: inner))
        }
    }

    @Test func `mounts travel to the container and back only as the propagation says`() throws {
        try withNestedMounts(shared: true) { machine, folder throws in
            let manifest = """
                apiVersion: v1
                kind: Pod
                metadata: {name: pod}
                spec:
                  terminationGracePeriodSeconds: 0
                  volumes: [{name: v, hostPath: {path: \(folder.path)}}]
                  containers:
                    - {name: none, image: fixture, args: [run], volumeMounts: [{name: v, mountPath: /v}]}
                    - {name: to, image: fixture, args: [run], volumeMounts: [{name: v, mountPath: /v, mountPropagation: HostToContainer}]}
                    - name: both
                      image: busybox
                      command: [sleep, "100000"]
                      securityContext: {privileged: true}
                      volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional}]
                """
            _ = try machine.manifest(manifest, name: "manifests/pod.yaml")
            let pod = try machine.startAgent().waitUntilRunning("pod")
            try shell("mkdir \(folder.path)/late && mount -t tmpfs late \(folder.path)/late")
            #expect(try pod.process("none").mount("/v/late") == nil)
            #expect(try pod.process("to").mount("/v/late") != nil)
            #expect(try pod.process("both").mount("/v/late") != nil)
            let result = try machine.exec(pod.name, container: "both", ["sh", "-c", "mkdir /v/back && mount -t tmpfs back /v/back"])
            #expect(result.status == 0, "\(result.stderr)")
            #expect(try ProcessView.own.mount("\(folder.path)/back") != nil)
            #expect(try pod.process("none").mount("/v/back") == nil)
        }
    }

    @Test func `subPath and subPathExpr show a part of the volume`() throws {
        try withMachine { machine throws in
            let volume = try machine.directory("volume")
            try shell("mkdir -p \(volume.path)/a/b && echo file > \(volume.path)/a/b/file")
            let pod = try machine.manifest(
                Manifest.busybox(
                    command: "cat /dir/file /one; ls -A /new | wc -l; echo written > /new/x",
                    pod: "volumes: [{name: v, hostPath: {path: \(volume.path)}}]",
                    container: "env: [{name: WHICH, value: b}], volumeMounts: [{name: v, mountPath: /dir, subPathExpr: 'a/$(WHICH)'}, "
                        + "{name: v, mountPath: /one, subPath: a/b/file}, {name: v, mountPath: /new, subPath: made/here}]"))
            let result = try machine.swiftlet(["run"], ["-f", pod])
            #expect(result.stdout == "main | file\nmain | file\nmain | 0\n", "\(result.stderr)")
            #expect(try String(contentsOf: volume.appending(path: "made/here/x"), encoding: .utf8) == "written\n")
        }
    }
}

/// Runs a command of the machine's, for preparations that need one.
@discardableResult
func shell(_ command: String) throws -> String {
    let result = try Program.run("/bin/sh", ["-c", command])
    guard result.status == 0 else { throw Machine.Failure(description: "\(command): \(result.stderr)") }
    return result.stdout
}

import Foundation
import Testing

extension EndToEnd {
    /// Containers that try to get out. Each test lets one try, and asserts that it failed and that the host is unharmed.
    @Suite struct AttackTests {}
}

extension EndToEnd.AttackTests {
    /// Runs one container of a hostile image to its end and returns all that was printed.
    private func attack(
        _ machine: Machine, image: String = "evil", command: String?, pod: String = "", container: String = ""
    ) throws -> Program.Result {
        let start = command.map { "command: [\($0)], " } ?? ""
        let file = try machine.manifest(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: evil}
            spec: {restartPolicy: Never, terminationGracePeriodSeconds: 0\(pod.isEmpty ? "" : ", \(pod)"), containers: [{name: main, image: \(image), \
            \(start)imagePullPolicy: Never\(container.isEmpty ? "" : ", \(container)")}]}
            """, name: "evil.yaml")
        return try machine.swiftlet(["run"], ["-f", file, "--timeout", "20s"])
    }

    /// The instance still works: nothing that other pods need was taken or changed.
    private func checkStillWorks(_ machine: Machine) throws {
        let file = try machine.manifest(Manifest.busybox(name: "after", command: "echo fine"), name: "after.yaml")
        #expect(try machine.swiftlet(["run"], ["-f", file]).stdout == "main | fine\n")
    }
}

// MARK: - /proc/self/exe

extension EndToEnd.AttackTests {
    private static let interpreter = """
        mkdir -p lib64 lib; cp interpreter lib64/ld-linux-x86-64.so.2; cp interpreter lib/ld-linux-aarch64.so.1
        printf '#!/proc/self/exe\\n' > script; chmod 755 script
        """

    /// The image starts the program that starts it, so that its own "dynamic linker" holds the host's file.
    ///
    /// Two things hold, each by itself: the program runs from a sealed copy in memory, and the kernel lets nobody write to a file that runs
    /// (ETXTBSY), which the pod's own supervisor does as long as the pod lives.
    @Test(arguments: ["/proc/self/exe", "/script", nil])
    func `the host's program can't be overwritten through proc self exe`(command: String?) throws {
        let before = try HostFiles()
        try withMachine { machine throws in
            let image = try HostileImage(machine, name: "exe", attackers: ["interpreter"], prepare: Self.interpreter)
            try image.importAs("evil", configuration: #"{"Entrypoint":["/proc/self/exe"]}"#)
            let result = try attack(machine, command: command)
            #expect(!result.stdout.contains("OVERWRITTEN"), "\(result.stdout)")
            // Either nothing was started, or all it tried was refused.
            #expect(result.status != 0 || result.stdout.contains("refused"), "\(result.stdout)\(result.stderr)")
            try checkStillWorks(machine)
        }
        #expect(try HostFiles() == before)
    }

    @Test(arguments: ["/proc/self/exe", "/script"])
    func `nor by an exec`(program: String) throws {
        let before = try HostFiles()
        try withMachine { machine throws in
            try HostileImage(machine, name: "exe", attackers: ["interpreter"], prepare: Self.interpreter).importAs("evil")
            _ = try machine.manifest(Manifest.sleeper("pod").replacing("image: busybox", with: "image: evil"), name: "manifests/pod.yaml")
            let pod = try machine.startAgent().waitUntilRunning("pod")
            let result = try machine.exec(pod.name, [program])
            #expect(!result.stdout.contains("OVERWRITTEN"), "\(result.stdout)")
            #expect(result.status != 0 || result.stdout.contains("refused"), "\(result.stdout)\(result.stderr)")
            #expect(try machine.exec(pod.name, ["true"]).status == 0)
        }
        #expect(try HostFiles() == before)
    }
}

// MARK: - Descriptors and working directories

extension EndToEnd.AttackTests {
    /// Two things hold, each by itself: all descriptors are close-on-exec from the child's first step on, and those above 2 are closed before
    /// the exec. It fails when both are missing.
    @Test(arguments: [false, true])
    func `a container has its three descriptors and no other`(tty: Bool) throws {
        try withPod(Manifest.fixture("pod", container: "tty: \(tty), stdin: \(tty)")) { machine, pod throws in
            let process = try pod.process()
            let found = try process.descriptors()
            #expect(Set(found.keys) == [0, 1, 2], "\(found)")
            #expect(found.values.allSatisfy { $0.hasPrefix("pipe:") || $0 == "/dev/null" || tty && $0.hasPrefix("/dev/pts/") }, "\(found)")
            // An exec has the caller's; besides, only that of the directory it reads.
            let inside = try Description.of(pod.name, on: machine).descriptors
            #expect(inside.keys.filter { Int($0) ?? 9 > 2 }.count <= 1, "\(inside)")
        }
    }

    /// CVE-2024-21626: a working directory that is a forgotten descriptor of the host's.
    @Test func `no working directory leads out`() throws {
        try withMachine { machine throws in
            let marker = machine.folder.appending(path: "marker")
            try "HOST".write(to: marker, atomically: true, encoding: .utf8)
            let containers = (3..<16).flatMap { number in
                ["/proc/self/fd/\(number)", "/proc/1/fd/\(number)"].enumerated().map { index, path in
                    "    - {name: c\(number)-\(index), image: busybox, workingDir: \(path), command: [sh, -c, 'cat ../../../../../../../..\(marker.path); ls']}"
                }
            }
            let file = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: evil}
                spec:
                  restartPolicy: Never
                  containers:
                \(containers.joined(separator: "\n"))
                """)
            let result = try machine.swiftlet(["run"], ["-f", file, "--timeout", "20s"])
            #expect(!result.stdout.contains("HOST"), "\(result.stdout)")
            try checkStillWorks(machine)
        }
    }
}

extension EndToEnd.AttackTests {
    /// The directory is a good one when the container starts; by the time of the exec it is a link to what the exec holds for a moment.
    @Test func `nor does that of an exec, when the container has exchanged it`() throws {
        try withMachine { machine throws in
            let marker = machine.folder.appending(path: "marker")
            try "HOST".write(to: marker, atomically: true, encoding: .utf8)
            let exchange =
                "cd /; while :; do for n in 3 4 5 6 7 8 9 10 11 12; do rm -rf /w; ln -s /proc/self/fd/$n /w; usleep 3000; done; done"
            _ = try machine.manifest(
                Manifest.busybox(name: "pod", command: exchange, pod: "terminationGracePeriodSeconds: 0", container: "workingDir: /w")
                    .replacing("restartPolicy: Never", with: "restartPolicy: Always"),
                name: "manifests/pod.yaml")
            let pod = try machine.startAgent().waitUntilRunning("pod")
            var refusals = 0
            for _ in 0..<60 {
                let result = try machine.exec(pod.name, ["sh", "-c", "cat ../../../../../../../..\(marker.path); ls"])
                #expect(!result.stdout.contains("HOST"), "\(result.stdout)")
                refusals += result.stderr.contains("Too many levels of symbolic links") ? 1 : 0
            }
            // The dice must have fallen on a link often enough.
            #expect(refusals >= 10, "the working directory was a link in \(refusals) of 60 execs only")
        }
    }
}

// MARK: - Symlinks in images and volumes

extension EndToEnd.AttackTests {
    /// Places where the runtime itself mounts and writes, made links by the image.
    ///
    /// They are resolved inside the container's root (openat2, RESOLVE_IN_ROOT). That procfs and sysfs go through no link at all, and that only
    /// the real ones are masked, is on top of it: without these two a link leads to another place of the image, which harms nobody.
    @Test(arguments: [
        "rmdir proc; ln -s /tmp/p proc", "rmdir proc; ln -s ../../../../proc proc", "rmdir dev; ln -s /etc dev",
        "rmdir sys; ln -s /etc sys",
        "rm -f etc/hosts; ln -s HOST/marker etc/hosts", "rm -f etc/resolv.conf; ln -s ../../../../../../../..HOST/marker etc/resolv.conf",
        "rm -f etc/hostname; ln -s /proc/1/root/HOST/marker etc/hostname", "rm -rf etc; ln -s HOST etc",
        "rm -rf etc; ln -s /proc/self/root/HOST etc",
    ])
    func `links of an image in the place of mount targets lead nowhere`(prepare: String) throws {
        try withMachine { machine throws in
            let host = try machine.directory("host")
            let marker = host.appending(path: "marker")
            try "HOST\n".write(to: marker, atomically: true, encoding: .utf8)
            let image = try HostileImage(machine, name: "links", attackers: ["escape"], prepare: prepare.replacing("HOST", with: host.path))
            try image.importAs("evil")
            let result = try attack(
                machine, command: "sh, -c, '/escape; cat /etc/hosts /etc/hostname /etc/resolv.conf; ls /etc; echo evil > /etc/hosts'")
            #expect(!result.stdout.contains("SUCCEEDED"), "\(result.stdout)")
            #expect(!result.stdout.contains("HOST\n"), "\(result.stdout)")
            #expect(try String(contentsOf: marker, encoding: .utf8) == "HOST\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: host.path) == ["marker"])
            try checkStillWorks(machine)
        }
    }

    /// A volume of the container's own over what is masked or read-only must not uncover it.
    @Test(arguments: [
        "/proc", "/proc/sys", "/proc/self", "/proc/1", "/proc/kcore", "/proc/sysrq-trigger", "/sys", "/sys/fs/cgroup", "/dev", "/dev/null",
        "/dev/pts",
    ])
    func `a volume over a kernel file system uncovers nothing`(target: String) throws {
        try withMachine { machine throws in
            let image = try HostileImage(machine, name: "volume", attackers: ["escape"])
            try image.importAs("evil")
            let result = try attack(
                machine, command: "sh, -c, '/escape; ls -l /v/*; wc -c < /proc/kcore'", pod: "volumes: [{name: v, emptyDir: {}}]",
                container: "volumeMounts: [{name: v, mountPath: \(target)}]")
            let harmless = result.stdout.split(separator: "\n").filter { $0.contains("SUCCEEDED") && !$0.contains(target) }
            #expect(harmless.isEmpty, "\(harmless)")
            #expect(try ProcessView.own.file("/proc/sys/kernel/hostname") != "evil\n")
            try checkStillWorks(machine)
        }
    }

    @Test(arguments: [
        "/etc", "../../../../../../../../etc", "/proc/1/root/etc", "inner/../../../../../../../etc", "loop", "/proc/self/cwd",
    ])
    func `a subPath that is a link never leaves its volume`(link: String) throws {
        try withMachine { machine throws in
            let volume = try machine.directory("volume")
            try shell("cd \(volume.path); mkdir inner; ln -s \(link) sub")
            let before = try HostFiles()
            for subPath in ["sub", "sub/deeper"] {
                let result = try attack(
                    machine, image: "busybox", command: "sh, -c, 'cat /m/passwd /m/hostname; echo evil > /m/swiftlet-was-here'",
                    pod: "volumes: [{name: v, hostPath: {path: \(volume.path)}}]",
                    container: "volumeMounts: [{name: v, mountPath: /m, subPath: \(subPath)}]")
                #expect(result.status != 0)
                #expect(!result.stdout.contains("root:"), "\(result.stdout)")
            }
            #expect(try HostFiles() == before)
            #expect(!FileManager.default.fileExists(atPath: "/etc/swiftlet-was-here"))
            #expect(!FileManager.default.fileExists(atPath: "/etc/deeper"))
        }
    }

    /// A container exchanges a directory with a link to one of the host for ever while others mount it as subPath.
    @Test func `a subPath swapped while it is mounted never leaves its volume`() throws {
        try withMachine { machine throws in
            let volume = try machine.directory("volume")
            let marker = machine.folder.appending(path: "marker")
            try "HOST".write(to: marker, atomically: true, encoding: .utf8)
            try shell("cd \(volume.path); mkdir sub; ln -s \(machine.folder.path) link")
            try HostileImage(machine, name: "swap", attackers: ["swap"]).importAs("evil")
            let out = try machine.directory("out")
            let victims = (0..<24).map { number in
                """
                    - name: c\(number)
                      image: busybox
                      command: [sh, -c, 'cat /m/marker > /out/c\(number) 2>&1']
                      volumeMounts: [{name: v, mountPath: /m, subPath: sub}, {name: out, mountPath: /out}]
                """
            }
            _ = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: evil}
                spec:
                  restartPolicy: OnFailure
                  terminationGracePeriodSeconds: 0
                  volumes: [{name: v, hostPath: {path: \(volume.path)}}, {name: out, hostPath: {path: \(out.path)}}]
                  initContainers:
                    - {name: swap, image: evil, restartPolicy: Always, command: [/swap, /v/sub, /v/link], volumeMounts: [{name: v, mountPath: /v}]}
                  containers:
                \(victims.joined(separator: "\n"))
                """, name: "manifests/evil.yaml")
            let agent = try machine.startAgent()
            // Who finds the link at the wrong moment is refused; who finds the directory runs. Half of the dice must have fallen well.
            do {
                try waitUntil("12 containers have looked", deadlineSeconds: 30) {
                    try FileManager.default.contentsOfDirectory(atPath: out.path).count >= 12
                }
            } catch { throw Machine.Failure(description: "\(error): \(agent.stderr.suffix(2000))") }
            for name in try FileManager.default.contentsOfDirectory(atPath: out.path) {
                let seen = try String(contentsOf: out.appending(path: name), encoding: .utf8)
                #expect(!seen.contains("HOST"), "\(name) saw the host's directory")
            }
        }
    }

    /// The same with the place where another volume is to be mounted: it is made where it is missing, inside the container's root only.
    @Test func `a mount target swapped while it is made lies in no directory of the host`() throws {
        try withMachine { machine throws in
            let (volume, host, out) = (try machine.directory("volume"), try machine.directory("host"), try machine.directory("out"))
            try shell("cd \(volume.path); mkdir sub; ln -s \(host.path) link")
            try HostileImage(machine, name: "swap", attackers: ["swap"]).importAs("evil")
            let victims = (0..<24).map { number in
                """
                    - name: c\(number)
                      image: busybox
                      command: [sh, -c, ': > /out/c\(number)']
                      volumeMounts: [{name: v, mountPath: /m}, {name: e, mountPath: /m/sub/made-\(number)}, {name: out, mountPath: /out}]
                """
            }
            _ = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: evil}
                spec:
                  restartPolicy: OnFailure
                  terminationGracePeriodSeconds: 0
                  volumes:
                    - {name: v, hostPath: {path: \(volume.path)}}
                    - {name: out, hostPath: {path: \(out.path)}}
                    - {name: e, emptyDir: {}}
                  initContainers:
                    - {name: swap, image: evil, restartPolicy: Always, command: [/swap, /v/sub, /v/link], volumeMounts: [{name: v, mountPath: /v}]}
                  containers:
                \(victims.joined(separator: "\n"))
                """, name: "manifests/evil.yaml")
            let agent = try machine.startAgent()
            try waitUntil("12 containers have run", deadlineSeconds: 30) {
                try FileManager.default.contentsOfDirectory(atPath: out.path).count >= 12
            } orElse: {
                String(agent.stderr.suffix(2000))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: host.path) == [])
        }
    }

    /// What masks a file is the machine's null device, not what the pod has put in its place (CVE-2025-31133): a container that can write
    /// to a mask would write to that.
    @Test(arguments: ["ln -s /proc/sys/kernel/core_pattern null", "echo PRECIOUS > null"])
    func `a dev of the pod's own lends its null to no mask`(prepare: String) throws {
        let before = try ProcessView.text(of: "/proc/sys/kernel/core_pattern")
        try withMachine { machine throws in
            let volume = try machine.directory("dev")
            try shell("cd \(volume.path); \(prepare); mkdir shm mqueue; touch termination-log")
            let result = try attack(
                machine, image: "busybox", command: "sh, -c, 'cat /proc/keys /proc/timer_list; echo evil > /proc/keys; cat /proc/keys'",
                pod: "volumes: [{name: v, hostPath: {path: \(volume.path)}}]", container: "volumeMounts: [{name: v, mountPath: /dev}]")
            // Shown or refused: but nothing of the pod's, nor of the kernel's, lies behind the mask.
            #expect(!result.stdout.contains("PRECIOUS") && !result.stdout.contains("evil"), "\(result.stdout)")
            #expect(!result.stdout.contains("core"), "\(result.stdout)")
            #expect(result.status == 0, "\(result.stderr)")
        }
        #expect(try ProcessView.text(of: "/proc/sys/kernel/core_pattern") == before)
    }

    @Test func `removing a pod follows none of its links`() throws {
        try withMachine { machine throws in
            let precious = try machine.directory("precious")
            try "kept".write(to: precious.appending(path: "file"), atomically: true, encoding: .utf8)
            let pod = try machine.manifest(
                Manifest.busybox(
                    command:
                        "ln -s \(precious.path) /v/out; ln -s / /v/root; ln -s \(precious.path) /out; mkdir /v/d; chmod 0 /v/d; echo done",
                    pod: "volumes: [{name: v, emptyDir: {}}]", container: "volumeMounts: [{name: v, mountPath: /v}]"))
            #expect(try machine.swiftlet(["run"], ["-f", pod]).stdout == "main | done\n")
            #expect(try String(contentsOf: precious.appending(path: "file"), encoding: .utf8) == "kept")
            #expect(FileManager.default.fileExists(atPath: "/etc/passwd"))
            #expect((FileManager.default.subpaths(atPath: "\(machine.dataDirectory)/pods") ?? []).isEmpty)
        }
    }
}

import Foundation
import Testing

extension EndToEnd {
    /// More attempts: kernel interfaces, devices, other pods' processes, terminals, setuid programs, archives.
    @Suite struct EscapeTests {}
}

extension EndToEnd.EscapeTests {
    /// Everything in Tests/Tools/attackers/escape.c, as root of a container.
    @Test(arguments: [
        "", "securityContext: {allowPrivilegeEscalation: false}", "securityContext: {seccompProfile: {type: RuntimeDefault}}",
        "securityContext: {readOnlyRootFilesystem: true}",
    ])
    func `root in a container changes nothing of the machine's`(context: String) throws {
        try withMachine { machine throws in
            try HostileImage(machine, name: "escape", attackers: ["escape"]).importAs("evil")
            let before = try hostState(machine)
            let file = try machine.manifest(
                Manifest.busybox(command: (["/escape"] + hostDisks()).joined(separator: " "), container: context)
                    .replacing("image: busybox", with: "image: evil"))
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.stdout == "main | tried everything\n", "\(result.stdout)\(result.stderr)")
            #expect(try hostState(machine) == before)
        }
    }

    /// The same with all privileges over the pod's own user namespace. What it may do there must not reach the machine.
    @Test func `root of a user namespace changes nothing of the machine's`() throws {
        try withMachine { machine throws in
            try HostileImage(machine, name: "escape", attackers: ["escape"]).importAs("evil")
            let before = try hostState(machine)
            let file = try machine.manifest(
                Manifest.busybox(
                    command: (["/escape"] + hostDisks()).joined(separator: " "), pod: "hostUsers: false",
                    container: "securityContext: {capabilities: {add: [SYS_ADMIN, SYS_PTRACE, NET_ADMIN, DAC_READ_SEARCH]}}"
                ).replacing("image: busybox", with: "image: evil"))
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.stdout.contains("tried everything"), "\(result.stdout)\(result.stderr)")
            for forbidden in [
                "/tmp/", "ptrace", "sees process", "core_pattern", "sysrq", "swappiness", "cgroup.procs", "init_module", "open_by_handle",
                "clock", "read /proc", "list /",
            ] {
                #expect(!result.stdout.contains("SUCCEEDED: \(forbidden)"), "\(result.stdout)")
            }
            #expect(try hostState(machine) == before)
        }
    }

    /// The way to most of the kernel's holes: capabilities over a user namespace of its own. The filter of `RuntimeDefault` closes it, and
    /// nothing else does: without a filter the same program gets on.
    @Test(arguments: [(true, "main | tried everything\n"), (false, "main | SUCCEEDED: unshare user namespace\n")])
    func `the default filter lets nobody become root of a user namespace`(isFiltered: Bool, expected: String) throws {
        try withMachine { machine throws in
            try HostileImage(machine, name: "userns", attackers: ["userns"]).importAs("evil")
            let profile = isFiltered ? "RuntimeDefault" : "Unconfined"
            let file = try machine.manifest(
                Manifest.busybox(command: "/userns", container: "securityContext: {seccompProfile: {type: \(profile)}}")
                    .replacing("image: busybox", with: "image: evil"))
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(isFiltered ? result.stdout == expected : result.stdout.hasPrefix(expected), "\(result.stdout)\(result.stderr)")
            // Even then the masks stay: the kernel mounts no second procfs beside one that is covered in places.
            #expect(!result.stdout.contains("mount proc") && !result.stdout.contains("umount /proc"), "\(result.stdout)")
        }
    }

    private struct HostState: Equatable {
        var parameters: [String]
        var files: HostFiles
    }

    /// After a first pod: the instance has switched forwarding on by then.
    private func hostState(_ machine: Machine) throws -> HostState {
        let first = try machine.manifest(Manifest.busybox(name: "first", command: "true"), name: "first.yaml")
        #expect(try machine.swiftlet(["run"], ["-f", first]).status == 0)
        let files =
            [
                "kernel/core_pattern", "kernel/hostname", "vm/swappiness", "net/ipv4/ip_forward",
            ].map { "/proc/sys/\($0)" } + ["/proc/irq/default_smp_affinity"].filter { FileManager.default.fileExists(atPath: $0) }
        return HostState(
            parameters: try files.map { try String(contentsOfFile: $0, encoding: .utf8) }, files: try HostFiles())
    }

    /// `MAJOR:MINOR` of every block device there is.
    private func hostDisks() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/block")) ?? []
        return names.compactMap {
            try? String(contentsOfFile: "/sys/class/block/\($0)/dev", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
    }
}

// MARK: - Other pods

extension EndToEnd.EscapeTests {
    @Test func `no process of another pod can be seen, signalled or traced`() throws {
        try withMachine { machine throws in
            try HostileImage(machine, name: "escape", attackers: ["escape"]).importAs("evil")
            _ = try machine.manifest(Manifest.sleeper("victim"), name: "manifests/victim.yaml")
            let victim = try machine.startAgent().waitUntilRunning("victim")
            let pid = try #require(victim.pid())
            let file = try machine.manifest(
                Manifest.busybox(
                    command: "kill -9 \(pid) 2>/dev/null; kill -9 -1; /escape; ls -d /proc/[0-9]*",
                    container: "securityContext: {capabilities: {add: [SYS_PTRACE, KILL]}}"
                ).replacing("image: busybox", with: "image: evil"))
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.stdout.contains("tried everything"), "\(result.stdout)\(result.stderr)")
            #expect(!result.stdout.contains("SUCCEEDED"), "\(result.stdout)")
            #expect(!result.stdout.contains("/proc/\(pid)\n"))
            #expect(ProcessView(pid).isAlive)
            #expect(try machine.pod("victim")?.container("main")?.restartCount == 0)
        }
    }

    @Test func `containers of one pod are apart from each other as well`() throws {
        let manifest = """
            apiVersion: v1
            kind: Pod
            metadata: {name: pod}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
                - {name: victim, image: busybox, command: [sleep, "100000"]}
                - {name: main, image: busybox, command: [sleep, "100000"]}
            """
        try withPod(manifest, images: ["busybox"]) { machine, pod throws in
            let seen = try machine.exec(
                pod.name, container: "main", ["sh", "-c", "kill -9 -1; kill -9 \(pod.pid("victim") ?? 0); ls -d /proc/[0-9]*"])
            #expect(try pod.process("victim").isAlive)
            #expect(!seen.stdout.contains("/proc/\(pod.pid("victim") ?? 0)\n"))
            #expect(try machine.pods().first?.container("victim")?.restartCount == 0)
        }
    }
}

// MARK: - setuid, terminals

extension EndToEnd.EscapeTests {
    /// The line `Uid:` (real, effective, saved, file system) of a program that belongs to root and has the setuid bit.
    private func usersOfSetuidProgram(allowPrivilegeEscalation: Bool) throws -> String? {
        try withMachine { machine throws in
            let copy = "tar -xOf \(Program.fixtures ?? "")/fixture.tar --wildcards '*/layer.tar' | tar -x ./fixture; chmod 4755 fixture"
            try HostileImage(machine, name: "suid", prepare: copy).importAs("evil")
            let file = try machine.manifest(
                Manifest.busybox(
                    command: "/fixture describe",
                    container: "securityContext: {runAsUser: 1000, allowPrivilegeEscalation: \(allowPrivilegeEscalation)}"
                ).replacing("image: busybox", with: "image: evil"))
            let line = try machine.swiftlet(["run"], ["-f", file]).stdout.dropFirst("main | ".count)
            return try JSONDecoder().decode(Description.self, from: Data(line.utf8)).status["Uid"]
        }
    }

    @Test(arguments: [(false, "1000\t1000\t1000\t1000"), (true, "1000\t0\t0\t0")])
    func `a setuid program gives nothing when allowPrivilegeEscalation is false`(isAllowed: Bool, users: String) throws {
        #expect(try usersOfSetuidProgram(allowPrivilegeEscalation: isAllowed) == users)
    }

    @Test func `a container's terminal is its own, and so is its console`() throws {
        try withPod(Manifest.fixture("pod", container: "tty: true, stdin: true")) { _, pod throws in
            let process = try pod.process()
            #expect(try process.descriptors()[0] == "/dev/pts/0")
            var inside = stat(), host = stat()
            #expect(stat("/proc/\(process.pid)/fd/0", &inside) == 0 && stat("/dev/pts", &host) == 0)
            #expect(inside.st_dev != host.st_dev, "the terminal belongs to the host's devpts")
            #expect(try process.mount("/dev/console")?.type == "devpts")
            #expect(try process.status("NSsid").split(separator: " ").last == "1")
        }
    }

    @Test func `what a container types into its terminal is not typed on the caller's`() throws {
        try withMachine { machine throws in
            try HostileImage(machine, name: "inject", attackers: ["inject"]).importAs("evil")
            _ = try machine.manifest(Manifest.sleeper("pod").replacing("image: busybox", with: "image: evil"), name: "manifests/pod.yaml")
            let pod = try machine.startAgent().waitUntilRunning("pod")
            let exec = ([Program.swiftlet, "exec"] + machine.instance + ["-it", pod.name, "--", "/inject"]).joined(separator: " ")
            // The shell that called reads its terminal afterwards: an injected line would be there to be run.
            let result = try Terminal.run("\(exec); read -t 1 line; echo \"line=<$line>\"")
            #expect(result.contains("tried"), "\(result)")
            #expect(result.contains("line=<>"), "\(result)")
        }
    }

    /// What a command leaves running would read the keys that are meant for the caller's next program.
    @Test func `a command without a terminal of its own does not hold the caller's`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let exec = ([Program.swiftlet, "exec"] + machine.instance + ["-i", pod.name, "--", "sh", "-c"]).joined(separator: " ")
            let script = "echo ready; read line; echo got $line; for n in 0 1 2; do readlink /proc/self/fd/$n; done; echo error >&2; exit 3"
            let shown = try Terminal.run("\(exec) '\(script)'; echo code $?", typing: "hello\n", after: "ready")
            #expect(shown.contains("got hello\n") && shown.contains("error\n") && shown.contains("code 3\n"), "\(shown)")
            #expect(shown.components(separatedBy: "pipe:[").count == 4 && !shown.contains("/dev/pts"), "\(shown)")
        }
    }

    /// The image's /dev lies below a new tmpfs; that /dev/console is opened without following a link is on top of it.
    @Test(arguments: ["rm -rf dev; mkdir dev; ln -s /etc/passwd dev/console", "mkdir -p dev/pts; ln -s /etc dev/pts/0; touch dev/ptmx"])
    func `an image's own console and pts are not used`(prepare: String) throws {
        let before = try HostFiles()
        try withMachine { machine throws in
            try HostileImage(machine, name: "console", prepare: prepare).importAs("evil")
            let file = try machine.manifest(
                Manifest.busybox(command: "echo to-console > /dev/console; cat /etc/passwd; tty", container: "tty: true")
                    .replacing("image: busybox", with: "image: evil"))
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.stdout.contains("main | to-console"), "\(result.stdout)\(result.stderr)")
            #expect(result.stdout.contains("/dev/pts/0"))
            #expect(result.stdout.components(separatedBy: "to-console").count == 2, "the password file has it as well")
        }
        #expect(try HostFiles() == before)
    }
}

// MARK: - Archives

extension EndToEnd.EscapeTests {
    /// Python's tarfile writes what tar(1) would refuse to.
    @Test(arguments: [
        "add('../../../../../../..HOST/evil', b'x')", "add('HOST/evil', b'x'); add('/HOST/evil', b'x')",
        "link('out', 'HOST', SYMTYPE); add('out/evil', b'x')", "link('out', '../../../../../../../..HOST', SYMTYPE); add('out/evil', b'x')",
        "link('hard', 'HOST/marker', LNKTYPE); add('hard', b'x')",
        "link('hard', '../../../../../../..HOST/marker', LNKTYPE); add('hard', b'x')",
    ])
    func `an archive writes nothing outside its own directory`(entries: String) throws {
        try withMachine { machine throws in
            let host = try machine.directory("host")
            try "HOST\n".write(to: host.appending(path: "marker"), atomically: true, encoding: .utf8)
            let archive = machine.folder.appending(path: "evil.tar").path
            let program = """
                import tarfile, io
                from tarfile import SYMTYPE, LNKTYPE
                t = tarfile.open('\(archive)', 'w')
                def add(name, data):
                    i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))
                def link(name, to, kind):
                    i = tarfile.TarInfo(name); i.type = kind; i.linkname = to; t.addfile(i)
                add('etc/os-release', b'')
                \(entries.replacing("HOST", with: host.path))
                t.close()
                """
            let made = try Program.run("/usr/bin/env", ["python3", "-c", program])
            #expect(made.status == 0, "\(made.stderr)")
            let result = try machine.swiftlet(["image", "import"], ["--tag", "evil", archive])
            // Refused, or put below the image's own root.
            #expect(result.status == 0 || result.stderr.contains("evil") || result.stderr.contains("hard"), "\(result.stderr)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: host.path) == ["marker"])
            #expect(try String(contentsOf: host.appending(path: "marker"), encoding: .utf8) == "HOST\n")
        }
    }
}

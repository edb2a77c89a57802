import Foundation
import Testing

extension EndToEnd {
    /// exec, logs, stop, rm, down, image: as a user types them.
    @Suite struct CommandTests {}
}

extension EndToEnd.CommandTests {
    /// They take a quarter of the time of a command that does not need them.
    @Test func `what only an import or new rules need is not loaded at the start`() throws {
        let libraries = try shell("ldd \(Program.swiftlet)")
        #expect(libraries.contains("libc.so.6"))
        for name in ["libarchive", "libnftables", "libxml2", "libicu"] { #expect(!libraries.contains(name), "\(libraries)") }
    }

    @Test(arguments: [("true", Int32(0)), ("exit 3", 3), ("kill -9 $$", 137), ("exit 255", 255)])
    func `exec ends as its command does`(command: String, expected: Int32) throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            #expect(try machine.exec(pod.name, ["sh", "-c", command]).status == expected)
        }
    }

    @Test(arguments: [
        ("nothere", "executable file not found"), ("/etc/passwd", "permission denied"), ("/no/such", "no such file or directory"),
    ])
    func `exec of what can't be started says why`(program: String, message: String) throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let result = try machine.exec(pod.name, [program])
            #expect(result.status != 0)
            #expect(result.stderr.contains(message), "\(result.stderr)")
            #expect(result.stdout.isEmpty)
        }
    }

    @Test func `exec keeps stdout and stderr apart and passes stdin on when asked`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let both = try machine.exec(pod.name, ["sh", "-c", "echo out; echo err >&2"])
            #expect(both.stdout == "out\n" && both.stderr == "err\n")
            let line = ([Program.swiftlet, "exec"] + machine.instance).joined(separator: " ")
            #expect(try shell("echo through | \(line) -i \(pod.name) -- cat") == "through\n")
            #expect(try shell("echo not through | \(line) \(pod.name) -- cat") == "")
            #expect(try shell("head -c 3000000 /dev/zero | \(line) -i \(pod.name) -- wc -c") == "3000000\n")
        }
    }

    @Test func `exec gives a terminal of the caller's size, keys and all`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let line = ([Program.swiftlet, "exec"] + machine.instance).joined(separator: " ")
            let size = try Terminal.run("stty rows 33 cols 77; \(line) -it \(pod.name) -- sh -c 'stty size; tty; exit 4'; echo code $?")
            #expect(size.contains("33 77\n/dev/pts/0\n"), "\(size)")
            #expect(size.contains("code 4\n"))
            // ^C goes to the command's terminal, where it is a signal; the caller goes on.
            let keys = try Terminal.run(
                "\(line) -it \(pod.name) -- sh -c 'trap \"echo interrupted; exit 5\" INT; echo ready; while :; do usleep 50000; done'; echo code $?",
                typing: "\u{3}", after: "^ready")
            #expect(keys.contains("interrupted") && keys.contains("code 5"), "\(keys)")
        }
    }

    @Test func `a terminal follows the size of the caller's`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let line = ([Program.swiftlet, "exec"] + machine.instance).joined(separator: " ")
            let shown = try Terminal.run(
                """
                stty rows 33 cols 77
                { until grep -q '^before' shown; do sleep 0.05; done; stty rows 44 cols 99 </dev/tty; } &
                \(line) -it \(pod.name) -- sh -c 'echo before; while [ "$(stty size)" = "33 77" ]; do usleep 20000; done; stty size'
                """)
            #expect(shown.contains("44 99\n"), "\(shown)")
        }
    }

    @Test func `exec without a terminal refuses to give one`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let result = try machine.swiftlet(["exec"], ["-t", pod.name, "--", "true"])
            #expect(result.status == 2)
            #expect(result.stderr == "swiftlet: cannot give a terminal: stdin is not one; leave -t out\n")
        }
    }

    @Test(arguments: [
        ("exec", "nopod -- true", "pod \"nopod\" not found"), ("logs", "nopod", "pod \"nopod\" not found"),
        ("stop", "nopod", "pod \"nopod\" not found"), ("rm", "nopod", "pod \"nopod\" not found"),
        ("image inspect", "noimage", "image \"noimage\" is not in the image store"),
        ("image rm", "noimage", "image \"noimage\" is not in the image store"),
    ])
    func `what is not there is named`(command: String, arguments: String, message: String) throws {
        try withMachine(images: []) { machine throws in
            func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
            let result = try machine.swiftlet(words(command), words(arguments))
            #expect(result.status == 2)
            #expect(result.stderr == "swiftlet: \(message)\n")
        }
    }
}

extension EndToEnd.CommandTests {
    @Test func `logs follow a container to its end`() throws {
        try withMachine { machine throws in
            _ = try machine.manifest(
                Manifest.busybox(name: "pod", command: "for i in 1 2 3 4 5; do echo line $i; usleep 100000; done"),
                name: "manifests/pod.yaml")
            let agent = try machine.startAgent()
            try waitUntil("the pod is known") { try machine.pod("pod")?.containers.isEmpty == false }
            let result = try machine.swiftlet(["logs"], ["-f", "pod-\(machine.nodeName)"])
            #expect(result.stdout == (1...5).map { "line \($0)\n" }.joined(), "\(result.stderr)")
            #expect(try machine.swiftlet(["logs"], ["--tail", "2", "pod-\(machine.nodeName)"]).stdout == "line 4\nline 5\n")
            #expect(agent.process.isRunning)
        }
    }

    @Test func `logs are picked by line and time, and a line in pieces is one`() throws {
        try withMachine { machine throws in
            // The middle line is longer than a piece of the log.
            let command = "echo first; usleep 1500000; head -c 20000 /dev/zero | tr '\\0' x; echo; echo last"
            _ = try machine.manifest(Manifest.busybox(name: "pod", command: command), name: "manifests/pod.yaml")
            let row = try machine.startAgent().waitFor("pod", "has ended") { $0.phase == "Succeeded" }
            let long = String(repeating: "x", count: 20_000)
            func logs(_ arguments: String...) throws -> String { try machine.swiftlet(["logs"], arguments + [row.name]).stdout }
            #expect(try logs() == "first\n\(long)\nlast\n")
            #expect(try logs("--tail", "2") == "\(long)\nlast\n")
            #expect(try logs("--tail", "0") == "")
            #expect(try logs("--since", "1h") == "first\n\(long)\nlast\n")
            let stamped = try logs("--timestamps").split(separator: "\n").map { $0.split(separator: " ") }
            #expect(stamped.map(\.count) == [2, 2, 2] && stamped.map { $0[1].count } == [5, 20_000, 4])
            #expect(try logs("--since-time", String(stamped[1][0])) == "\(long)\nlast\n")
            #expect(try logs("--since-time", "2100-01-01T00:00:00Z") == "")
            let wrong = [
                ["--since", "1h", "--since-time", "2100-01-01T00:00:00Z"], ["--since", "soon"], ["--tail=-2"], ["--since-time", "x"],
            ]
            for arguments in wrong { #expect(try machine.swiftlet(["logs"], arguments + [row.name]).status == 2) }
        }
    }

    @Test func `a container that has not begun has no log, and says why`() throws {
        try withMachine { machine throws in
            let pod = Manifest.busybox(name: "pod", command: "true").replacing("image: busybox", with: "image: absent:1")
            _ = try machine.manifest(pod, name: "manifests/pod.yaml")
            let row = try machine.startAgent().waitFor("pod", "waits") { $0.container("main")?.reason?.contains("Image") == true }
            let result = try machine.swiftlet(["logs"], [row.name])
            #expect(result.status == 1 && result.stdout.isEmpty)
            #expect(
                result.stderr.hasPrefix("swiftlet: container \"main\" in pod \"\(row.name)\" is waiting to start: "), "\(result.stderr)")
        }
    }

    @Test(arguments: [["--help"], ["help"], ["run", "--help"], ["help", "run"], ["image", "import", "-h"]])
    func `help is an answer, not an error`(arguments: [String]) throws {
        let result = try Program.run(Program.swiftlet, arguments)
        #expect(result.status == 0 && result.stderr.isEmpty, "\(result.stderr)")
        #expect(result.stdout.contains("USAGE: swiftlet"), "\(result.stdout)")
    }

    @Test(arguments: [
        ["nothing"], ["run"], ["run", "--nope"], ["logs"], ["exec", "pod", "true"], ["ps", "-o", "xml"], ["completion", "tcsh"],
    ])
    func `wrong usage ends with 2 and says what is right`(arguments: [String]) throws {
        let result = try Program.run(Program.swiftlet, arguments)
        #expect(result.status == 2 && result.stdout.isEmpty, "\(result.stdout)\(result.stderr)")
        #expect(result.stderr.contains("Usage: swiftlet"), "\(result.stderr)")
    }

    @Test func `ps shows what kubectl shows`() throws {
        try withMachine { machine throws in
            let pod = """
                apiVersion: v1
                kind: Pod
                metadata: {name: pod}
                spec:
                  terminationGracePeriodSeconds: 0
                  initContainers:
                    - {name: once, image: busybox, command: [sh, -c, "until [ -e /v/go ]; do usleep 20000; done"], volumeMounts: [{name: v, mountPath: /v}]}
                    - {name: side, image: busybox, command: [sleep, "1000"], restartPolicy: Always}
                  containers:
                    - {name: main, image: busybox, command: [sh, -c, "[ -e /v/second ] && exec sleep 1000; touch /v/second; exit 3"],
                       volumeMounts: [{name: v, mountPath: /v}]}
                  volumes: [{name: v, hostPath: {path: \(try machine.directory("v").path)}}]

                """
            _ = try machine.manifest(pod, name: "manifests/pod.yaml")
            let agent = try machine.startAgent()
            func columns() throws -> [String] {
                let lines = try machine.swiftlet(["ps"]).stdout.split(separator: "\n")
                return lines.count < 2 ? [] : lines[1].split(separator: " ").map(String.init)
            }
            try waitUntil("the first init container runs") { try columns().dropFirst(2).prefix(3) == ["0/2", "Init:0/2", "0"] }
            #expect(FileManager.default.createFile(atPath: machine.folder.appending(path: "v/go").path, contents: nil))
            try waitUntil("the second instance runs") { try columns().dropFirst(2).prefix(3) == ["2/2", "Running", "1"] }
            #expect(try columns().suffix(3).first?.hasPrefix("(") == true)
            #expect(agent.process.isRunning)
        }
    }

    @Test func `stop ends a pod in order and returns when it is gone`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let pid = try #require(pod.pid())
            let result = try machine.swiftlet(["stop"], [pod.name])
            #expect(result.status == 0, "\(result.stderr)")
            #expect(!ProcessView(pid).isAlive)
        }
    }

    @Test func `rm refuses a running pod, and takes it with --force`() throws {
        try withPod(Manifest.sleeper("pod"), images: ["busybox"]) { machine, pod throws in
            let refused = try machine.swiftlet(["rm"], [pod.name])
            #expect(refused.status == 2)
            #expect(refused.stderr.contains("stop it first, or use --force"), "\(refused.stderr)")
            #expect(try pod.process().isAlive)
            #expect(try machine.swiftlet(["rm"], ["-f", pod.name]).status == 0)
            #expect(try !pod.process().isAlive)
            #expect(try machine.pods().isEmpty)
        }
    }

    @Test func `down stops the daemon and the pods and says what it removed`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            _ = try machine.manifest(Manifest.sleeper("pod"), name: "manifests/pod.yaml")
            let agent = try machine.startAgent()
            let pid = try #require(try agent.waitUntilRunning("pod").pid())
            let result = try machine.swiftlet(["down"])
            #expect(result.status == 0, "\(result.stderr)")
            #expect(result.stdout.contains("daemon \(agent.process.processIdentifier)\n"), "\(result.stdout)")
            #expect(!ProcessView(pid).isAlive)
            try waitUntil("the daemon has ended") { !agent.process.isRunning }
            let after = KernelInventory.settled(like: before)
            #expect(before == after, "\(before.difference(to: after))")
            #expect(try machine.swiftlet(["down"]).status == 0, "with nothing left to remove")
        }
    }

    @Test func `two instances work side by side`() throws {
        try withMachine { one throws in
            try withMachine { two throws in
                for machine in [one, two] { _ = try machine.manifest(Manifest.sleeper("pod"), name: "manifests/pod.yaml") }
                let pids = try [one, two].map { try $0.startAgent().waitUntilRunning("pod").pid() }
                #expect(try one.swiftlet(["down"]).status == 0)
                #expect(!ProcessView(pids[0] ?? 0).isAlive)
                #expect(ProcessView(pids[1] ?? 0).isAlive)
                #expect(try two.exec("pod-\(two.nodeName)", ["true"]).status == 0)
            }
        }
    }

    @Test func `images are imported, listed, inspected and removed`() throws {
        try withMachine { machine throws in
            let list = try machine.swiftlet(["image", "ls"])
            #expect(list.stdout.split(separator: "\n").count == 2 && list.stdout.contains("busybox"), "\(list.stdout)")
            let inspected = try machine.swiftlet(["image", "inspect"], ["busybox"])
            #expect(try JSONSerialization.jsonObject(with: Data(inspected.stdout.utf8)) is [String: Any])
            // A second import of the same bytes adds nothing.
            try machine.importImage("\(Program.fixtures ?? "")/busybox.tar")
            #expect(try machine.swiftlet(["image", "ls"]).stdout == list.stdout)
            #expect(try machine.swiftlet(["image", "rm"], ["busybox"]).status == 0)
            #expect(try machine.swiftlet(["image", "ls"]).stdout.split(separator: "\n").count == 1)
            #expect(try machine.swiftlet(["image", "gc"]).status == 0)
        }
    }
}

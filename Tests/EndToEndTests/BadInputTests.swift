import Foundation
import Testing

extension EndToEnd {
    /// What a user gets for input that can't work: the exact message, the right exit code, and nothing left behind.
    @Suite struct BadInputTests {}
}

extension EndToEnd.BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var manifest: String
        /// `FILE` stands for the manifest's path.
        var message: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "broken YAML", manifest: "apiVersion: v1\nkind: Pod\nmetadata: {name: a\nspec: x\n",
            message: "FILE:4: "),
        Case(
            name: "unknown field",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers:
                    - name: c
                      imagee: busybox
                """, message: "FILE:7: spec.containers[0].imagee: unknown field: did you mean \"image\"?"),
        Case(
            name: "wrong type",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers:
                    - name: c
                      image: busybox
                      ports:
                        - containerPort: "80"
                """, message: "FILE:9: spec.containers[0].ports[0].containerPort: expected integer, got string \"80\""),
        Case(
            name: "duplicate names",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers:
                    - {name: c, image: busybox}
                    - {name: c, image: busybox}
                """, message: "FILE:7: spec.containers[1].name: Duplicate value: \"c\""),
        Case(
            name: "impossible limits",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  containers:
                    - name: c
                      image: busybox
                      resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}
                """,
            message:
                "FILE:8: spec.containers[0].resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi"),
        Case(
            name: "two pods of one name",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec: {containers: [{name: c, image: busybox}]}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec: {containers: [{name: c, image: busybox}]}
                """, message: "FILE:8: metadata.name: Duplicate value: \"a\": a pod of this name stands already on line 3"),
        Case(
            name: "port clash",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec:
                  hostNetwork: true
                  containers:
                    - {name: c, image: busybox, ports: [{containerPort: 80, hostPort: 80}]}
                    - {name: d, image: busybox, ports: [{containerPort: 80, hostPort: 80}]}
                """, message: "FILE:8: spec.containers[1].ports[0].hostPort: Duplicate value: \"TCP//80\""),
    ]

    @Test(arguments: cases)
    func `a bad manifest is refused with its line and field`(bad: Case) throws {
        try withMachine(images: []) { machine throws in
            let file = try machine.manifest(bad.manifest)
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.status == 2)
            #expect(result.stderr.contains(bad.message.replacing("FILE", with: file)), "\(result.stderr)")
            #expect(result.stdout.isEmpty)
        }
    }

    /// Fields of the pod, fields of its container, what is said.
    @Test(arguments: [
        ("", "image: absent", "ErrImageNeverPull: Container image \"absent\" is not present with pull policy of Never"),
        ("", "image: busybox, command: [nothere]", "exec: \"nothere\": executable file not found in $PATH"),
        ("", "image: busybox, command: [/etc/passwd]", "exec: \"/etc/passwd\": permission denied"),
        ("", "image: busybox, command: [/x/y]", "exec: \"/x/y\": stat /x/y: no such file or directory"),
        ("", "image: busybox, command: [/etc]", "exec: \"/etc\": permission denied"),
        ("", "image: busybox, securityContext: {runAsNonRoot: true}", "container has runAsNonRoot and image will run as root"),
        (
            "volumes: [{name: v, hostPath: {path: /no/such/directory, type: Directory}}]", "image: busybox",
            "hostPath type check failed: /no/such/directory is not a directory"
        ),
        (
            "volumes: [{name: v, hostPath: {path: /etc/passwd, type: Socket}}]", "image: busybox",
            "hostPath type check failed: /etc/passwd is not a socket file"
        ),
        (
            "volumes: [{name: v, emptyDir: {}}]", "image: busybox, volumeMounts: [{name: v, mountPath: /etc/passwd/v}]",
            "/etc/passwd/v: Not a directory"
        ),
        (
            "volumes: [{name: v, emptyDir: {}}]", "image: busybox, volumeMounts: [{name: v, mountPath: /proc/v}]",
            "/proc/v: No such file or directory"
        ),
        (
            "volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}]",
            "image: busybox, volumeMounts: [{name: v, mountPath: /ro, readOnly: true}, {name: w, mountPath: /ro/w}]",
            "/ro/w: Read-only file system"
        ),
        ("", "image: busybox, securityContext: {seccompProfile: {type: Localhost, localhostProfile: none.json}}", "none.json"),
        ("", "image: busybox, securityContext: {capabilities: {add: [NOT_ONE]}}", "unknown capability \"NOT_ONE\" to add"),
        (
            "hostUsers: false, volumes: [{name: v, hostPath: {path: /dev/null, type: CharDevice}}]",
            "image: busybox, volumeMounts: [{name: v, mountPath: /nul}]",
            "mount /nul from /dev/null: its file system does not support ID-mapped mounts, which a pod with hostUsers: false needs: "
                + "take another volume, or leave hostUsers out"
        ),
    ])
    func `a container that can't start says why`(pod: String, container: String, message: String) throws {
        try withMachine { machine throws in
            let file = try machine.manifest(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: a}
                spec: {restartPolicy: Never, \(pod.isEmpty ? "" : "\(pod), ")containers: [{name: c, imagePullPolicy: Never, \(container)}]}
                """)
            let result = try machine.swiftlet(["run"], ["-f", file, "--timeout", "3s"])
            #expect(result.status != 0)
            #expect(result.stderr.contains(message), "\(result.stderr)")
            #expect(result.stdout.isEmpty)
        }
    }

    @Test func `an image whose user does not exist`() throws {
        try withMachine { machine throws in
            try HostileImage(machine, name: "user").importAs("odd", configuration: #"{"User":"nobody-here","Cmd":["true"]}"#)
            let file = try machine.manifest(Manifest.busybox(command: "true").replacing("image: busybox", with: "image: odd"))
            let result = try machine.swiftlet(["run"], ["-f", file, "--timeout", "3s"])
            #expect(result.status != 0)
            #expect(result.stderr.contains("unable to find user nobody-here: no matching entries in passwd file"), "\(result.stderr)")
        }
    }

    @Test func `a port of the host can be had once`() throws {
        try withMachine { machine throws in
            let text = ["one", "two"].map { name in
                Manifest.busybox(
                    name: name, command: "sleep 1000", pod: "hostNetwork: true", container: "ports: [{containerPort: 7070, hostPort: 7070}]"
                )
            }
            _ = try machine.manifest(text[0], name: "manifests/one.yaml")
            let agent = try machine.startAgent()
            try agent.waitUntilRunning("one")
            _ = try machine.manifest(text[1], name: "manifests/two.yaml")
            let second = try agent.waitFor("two", "is refused") { $0.phase == "Failed" }
            #expect(second.reason == "NodePorts")
            #expect(second.message?.contains("node(s) didn't have free ports for the requested pod ports") == true)
        }
    }

    @Test func `a full disk is named, and nothing half-made stays`() throws {
        try withMachine(images: []) { machine throws in
            try FileManager.default.createDirectory(atPath: machine.dataDirectory, withIntermediateDirectories: true)
            try shell("mount -t tmpfs -o size=1500k full \(machine.dataDirectory)")
            defer { _ = try? shell("umount -l \(machine.dataDirectory)") }
            let result = try machine.swiftlet(["image", "import"], ["\(Program.fixtures ?? "")/busybox.tar"])
            #expect(result.status == 1)
            #expect(result.stderr.contains("No space left on device"), "\(result.stderr)")
            #expect(try machine.swiftlet(["image", "ls"]).stdout.split(separator: "\n").count == 1)
            let used = try shell("du -sk \(machine.dataDirectory)").split(separator: "\t").first.flatMap { Int($0) } ?? 0
            #expect(used < 200, "\(used) KiB are left")
        }
    }

    @Test func `strict refuses by name what is known to Kubernetes and not done`() throws {
        try withMachine { machine throws in
            let pod = Manifest.busybox(
                command: "echo ran", pod: "schedulerName: other, nodeSelector: {a: b}, readinessGates: [{conditionType: x}]")
            let file = try machine.manifest(pod)
            let lenient = try machine.swiftlet(["run"], ["-f", file])
            let strict = try machine.swiftlet(["run"], ["-f", file, "--strict"])
            // Whatever is warned about without --strict is refused with it, in the same words.
            let warnings = lenient.stderr.split(separator: "\n").filter { $0.hasPrefix("warning: ") }.map {
                $0.dropFirst("warning: ".count)
            }
            #expect(lenient.status == 0 && lenient.stdout == "main | ran\n", "\(lenient.stderr)")
            #expect(strict.status == (warnings.isEmpty ? 0 : 2))
            for warning in warnings { #expect(strict.stderr.contains(warning)) }
        }
    }

    @Test func `a file that is not there`() throws {
        let result = try Program.run(Program.swiftlet, ["run", "-f", "/no/such/pod.yaml"])
        #expect(result.status == 2)
        #expect(result.stderr == "/no/such/pod.yaml: open: No such file or directory\n")
    }

    @Test func `an unknown option`() throws {
        let result = try Program.run(Program.swiftlet, ["run", "-f", "pod.yaml", "--nope"])
        #expect(result.status == 2)
        #expect(result.stderr.contains("Unknown option '--nope'"))
    }

    @Test func `not root`() throws {
        let result = try Program.run("/usr/bin/setpriv", ["--reuid", "65534", "--clear-groups", Program.swiftlet, "ps"])
        #expect(result.status == 3)
        #expect(result.stderr.contains("must be root"), "\(result.stderr)")
    }
}

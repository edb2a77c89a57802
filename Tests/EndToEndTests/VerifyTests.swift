import Foundation
import Testing

extension EndToEnd {
    /// `swiftlet verify` beside the kernel: nothing on a right pod, and each of many deliberate faults, one at a time.
    @Suite struct VerifyTests {}
}

/// What `swiftlet verify -o json` prints.
struct VerifyAnswer: Decodable {
    struct Item: Decodable {
        var path: String
        var state: String
        var wanted: String
        var found: String
        var why: String
    }
    struct Pod: Decodable {
        var pod: String
        var right: Bool
        var checked: Int
        var items: [Item]
    }
    var right: Bool
    var pods: [Pod]

    var items: [Item] { pods.flatMap(\.items) }

    /// What the machine itself can't do is no fault of the pod.
    var differences: [Item] { items.filter { $0.state != "notEnforced" } }

    init(_ result: Program.Result) throws {
        do {
            self = try JSONDecoder().decode(VerifyAnswer.self, from: Data(result.stdout.utf8))
        } catch {
            throw Machine.Failure(description: "verify: exit \(result.status): \(error): \(result.stdout)\(result.stderr)")
        }
    }
}

extension EndToEnd.VerifyTests {
    /// As many fields as one pod can have.
    static func manifest(hostDirectory: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: right, labels: {app: right}}
        spec:
          hostname: righthost
          hostAliases: [{ip: 192.0.2.1, hostnames: [alias.example]}]
          dnsPolicy: None
          dnsConfig: {nameservers: [192.0.2.53], searches: [a.example], options: [{name: ndots, value: "2"}]}
          securityContext:
            fsGroup: 2000
            supplementalGroups: [3000]
            sysctls: [{name: net.ipv4.tcp_syncookies, value: "0"}, {name: kernel.shm_rmid_forced, value: "1"}]
          terminationGracePeriodSeconds: 0
          volumes:
          - {name: data, emptyDir: {}}
          - {name: mem, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
          - {name: host, hostPath: {path: \(hostDirectory), type: Directory}}
          - {name: facts, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
          containers:
          - name: web
            image: busybox
            command: [sleep, "100000"]
            workingDir: /work
            env:
            - {name: A, value: "1"}
            - {name: B, value: "$(A)2"}
            - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
            resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 500m, memory: 64Mi}}
            volumeMounts:
            - {name: data, mountPath: /data}
            - {name: data, mountPath: /part, subPath: part}
            - {name: mem, mountPath: /mem}
            - {name: host, mountPath: /host, readOnly: true}
            - {name: facts, mountPath: /facts}
            securityContext:
              runAsUser: 1000
              runAsGroup: 1001
              allowPrivilegeEscalation: false
              readOnlyRootFilesystem: true
              capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
              seccompProfile: {type: RuntimeDefault}
          - name: side
            image: busybox
            command: [sleep, "100000"]
        """
    }

    @Test func `a right pod shows no difference, a wrong one every one of them`() throws {
        try withMachine { machine throws in
            let host = try machine.directory("host").path
            let agent = try machine.startAgent()
            _ = try machine.manifest(Self.manifest(hostDirectory: host), name: "manifests/right.yaml")
            try agent.waitUntilRunning("right")
            let bench = try SabotageBench(machine)
            let right = try bench.verify()
            #expect(right.differences.isEmpty, "\(right.differences)")
            #expect(right.pods.first?.checked ?? 0 > 200)
            var found = 0
            for sabotage in Sabotage.all where bench.canTry(sabotage) {
                let answer = try bench.with(sabotage) { try bench.verify() }
                let isFound = answer.differences.contains { $0.path == sabotage.path && $0.state == "differs" }
                #expect(isFound, "\(sabotage.name): \(sabotage.path) is not among \(answer.differences.map(\.path))")
                if isFound { found += 1 }
            }
            #expect(found >= 60, "only \(found) faults were tried and found")
            let after = try bench.verify()
            #expect(after.differences.allSatisfy { Sabotage.lasting.contains($0.path) }, "\(after.differences)")
        }
    }

    @Test func `a manifest is started, verified and removed`() throws {
        try withMachine { machine throws in
            let host = try machine.directory("host").path
            let path = try machine.manifest(Self.manifest(hostDirectory: host))
            let answer = try VerifyAnswer(machine.swiftlet(["verify"], [path, "-o", "json"]))
            #expect(answer.differences.isEmpty, "\(answer.differences)")
            #expect(try machine.pods().isEmpty)
            let short = try machine.manifest(Manifest.busybox(command: "exit 0"), name: "short.yaml")
            let refused = try machine.swiftlet(["verify"], [short])
            #expect(refused.status == 1 && refused.stderr.contains("ended before it could be looked at"), "\(refused.stderr)")
        }
    }

    @Test func `expectations of one's own are held against the same tree`() throws {
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            _ = try machine.manifest(Manifest.sleeper("plain"), name: "manifests/plain.yaml")
            try agent.waitUntilRunning("plain")
            let pod = "plain-\(machine.nodeName)"
            let good = try machine.manifest(
                """
                expect:
                - {path: pod/hostname, matches: plain-.*}
                - {path: "pod/network/mtu[eth0]", atLeast: 576}
                - {path: main/process/uid, equals: "0"}
                - {path: "main/mounts[/secret]/access", absent: true}
                """, name: "good.yaml")
            let right = try VerifyAnswer(machine.swiftlet(["verify"], ["pod/\(pod)", "--expect", good, "-o", "json"]))
            #expect(right.differences.isEmpty, "\(right.differences)")
            let bad = try machine.manifest("expect:\n- {path: main/process/uid, equals: \"5\"}\n", name: "bad.yaml")
            let wrong = try machine.swiftlet(["verify"], ["pod/\(pod)", "--expect", bad])
            #expect(wrong.status == 1 && wrong.stdout.contains("DIFFERS  main/process/uid"), "\(wrong.stdout)\(wrong.stderr)")
            let broken = try machine.manifest("expect:\n- {path: main/process/uid, equal: 5}\n", name: "broken.yaml")
            let refused = try machine.swiftlet(["verify"], ["pod/\(pod)", "--expect", broken])
            #expect(
                refused.status == 2 && refused.stderr.contains("\(broken):2: expect[0].equal: unknown requirement"), "\(refused.stderr)")
        }
    }

    @Test(arguments: ["json", "junit", "tap"])
    func `reports of all pods are well-formed`(format: String) throws {
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            _ = try machine.manifest(Manifest.sleeper("plain"), name: "manifests/plain.yaml")
            try agent.waitUntilRunning("plain")
            let result = try machine.swiftlet(["verify"], ["--all", "-o", format])
            switch format {
            case "json": #expect(try VerifyAnswer(result).pods.count == 1)
            case "junit": #expect(try JUnitReport(result.stdout).cases.count > 80)
            default:
                #expect(result.stdout.hasPrefix("TAP version 14\n1.."))
                #expect(result.stdout.contains("\nok 1 - "))
            }
        }
    }
}

// MARK: - Containers of other runtimes

extension EndToEnd.VerifyTests {
    static let foreign = """
        apiVersion: v1
        kind: Pod
        metadata: {name: foreign}
        spec:
          volumes: [{name: host, hostPath: {path: HOST}}]
          securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: "0"}]}
          containers:
          - name: main
            image: busybox
            command: [sleep, "100000"]
            workingDir: /
            env: [{name: A, value: "1"}]
            resources: {limits: {memory: 64Mi, cpu: 500m}}
            volumeMounts: [{name: host, mountPath: /host, readOnly: true}]
            securityContext:
              runAsUser: 1234
              runAsGroup: 1235
              allowPrivilegeEscalation: false
              readOnlyRootFilesystem: true
              capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
              seccompProfile: {type: RuntimeDefault}
        """

    /// The checks are proven on what somebody else has built by the same manifest, and find the same faults there.
    @Test(arguments: ["crun", "runc"])
    func `a container of another runtime is verified by its process`(runtime: String) throws {
        guard let program = ["/usr/bin/\(runtime)", "/usr/sbin/\(runtime)"].first(where: FileManager.default.isExecutableFile) else {
            return print("left out: \(runtime) is not installed")
        }
        if runtime == "crun", FileManager.default.fileExists(atPath: "/sys/fs/cgroup/unified") {
            return print("left out: crun refuses machines whose controllers sit on cgroup v1")
        }
        try withMachine(images: []) { machine throws in
            let bundle = try OCIBundle(machine, runtime: program)
            defer { bundle.delete() }
            let manifest = Self.foreign.replacing("HOST", with: bundle.host)
            func verify(_ text: String) throws -> VerifyAnswer {
                let path = try machine.manifest(text, name: "foreign.yaml")
                return try VerifyAnswer(machine.swiftlet(["verify"], ["--pid", "\(bundle.pid)", "-f", path, "-o", "json"]))
            }
            let right = try verify(manifest)
            #expect(right.differences.isEmpty, "\(right.differences)")
            #expect(right.pods.first?.checked ?? 0 > 70)
            let faults = [
                ("runAsUser: 1234", "runAsUser: 1", "main/process/uid"), ("runAsGroup: 1235", "runAsGroup: 1", "main/process/gid"),
                ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "main/security/noNewPrivs"),
                ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "main/mounts[/]/access"),
                ("add: [NET_BIND_SERVICE]", "add: [SYS_TIME]", "main/capabilities/bounding"),
                ("type: RuntimeDefault", "type: Unconfined", "main/security/seccomp"),
                ("mountPath: /host", "mountPath: /other", "main/mounts[/other]/access"),
                ("readOnly: true}]", "readOnly: false}]", "main/mounts[/host]/access"),
                ("value: \"1\"", "value: \"2\"", "main/env[A]"), ("workingDir: /", "workingDir: /tmp", "main/process/cwd"),
                ("\"100000\"]", "\"5\"]", "main/process/arguments"),
                ("value: \"0\"", "value: \"1\"", "pod/sysctls[net/ipv4/tcp_syncookies]"),
                ("name: foreign", "name: stranger", "pod/hostname"), ("path: \(bundle.host)", "path: /etc", "main/mounts[/host]/source"),
                ("allowPrivilegeEscalation: false", "privileged: true", "main/covered[/proc/sys]"),
                // A sysctl of the network can't be asked for beside the host's network.
                (
                    "  securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: \"0\"}]}\n", "  hostNetwork: true\n",
                    "main/namespaces/net"
                ),
                ("spec:\n", "spec:\n  hostPID: true\n", "main/namespaces/pid"),
                ("spec:\n", "spec:\n  hostIPC: true\n", "main/namespaces/ipc"),
            ]
            for (right, wrong, path) in faults {
                let answer = try verify(manifest.replacing(right, with: wrong, maxReplacements: 1))
                #expect(answer.differences.contains { $0.path == path }, "\(wrong): \(path) is not among \(answer.differences.map(\.path))")
            }
        }
    }
}

/// A container made from an OCI bundle, as a CRI runtime would make it for `VerifyTests.foreign`.
final class OCIBundle {
    let pid: Int
    let host: String
    private let runtime: [String]
    private let id: String

    init(_ machine: Machine, runtime program: String) throws {
        id = "e2e-\(UUID().uuidString.prefix(8).lowercased())"
        host = try machine.directory("host").path
        let folder = try machine.directory("bundle")
        let root = try machine.directory("bundle/rootfs").path
        try shell("tar -xOf \(Program.fixtures ?? "")/busybox.tar --wildcards '*/layer.tar' | tar -x -C \(root); mkdir -p \(root)/host")
        try Self.configuration(hostname: "foreign", host: host, cgroup: id).write(
            to: folder.appending(path: "config.json"), atomically: false, encoding: .utf8)
        runtime = [program, "--root", machine.folder.appending(path: "runtime").path]
        let file = machine.folder.appending(path: "pid").path
        try shell(
            "\(runtime.joined(separator: " ")) run -d --bundle \(folder.path) --pid-file \(file) \(id) </dev/null >\(file).log 2>&1 || { cat \(file).log; exit 1; }"
        )
        guard let number = Int(try String(contentsOfFile: file, encoding: .utf8).filter(\.isNumber)) else {
            throw Machine.Failure(description: "no pid")
        }
        pid = number
    }

    func delete() { _ = try? shell("\(runtime.joined(separator: " ")) delete -f \(id)") }

    private static func configuration(hostname: String, host: String, cgroup: String) -> String {
        let mounts = [
            ("/proc", "proc", "\"nosuid\",\"noexec\",\"nodev\""),
            ("/dev", "tmpfs", "\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\""),
            ("/dev/pts", "devpts", "\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\""),
            ("/dev/shm", "tmpfs", "\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\""),
            ("/dev/mqueue", "mqueue", "\"nosuid\",\"noexec\",\"nodev\""),
            ("/sys", "sysfs", "\"nosuid\",\"noexec\",\"nodev\",\"ro\""),
        ].map { "{\"destination\":\"\($0)\",\"type\":\"\($1)\",\"source\":\"\($1)\",\"options\":[\($2)]}" }
        let bind = "{\"destination\":\"/host\",\"type\":\"bind\",\"source\":\"\(host)\",\"options\":[\"rbind\",\"rprivate\",\"ro\"]}"
        let capability = "[\"CAP_NET_BIND_SERVICE\"]"
        func list(_ paths: [String]) -> String { "[" + paths.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
        let masked = [
            "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
            "/proc/sched_debug",
            "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
        ]
        return """
            {"ociVersion":"1.0.2","hostname":"\(hostname)","root":{"path":"rootfs","readonly":true},
            "process":{"terminal":false,"user":{"uid":1234,"gid":1235},"args":["sleep","100000"],"env":["PATH=/bin:/usr/bin","A=1"],"cwd":"/",
            "noNewPrivileges":true,"capabilities":{"bounding":\(capability),"effective":\(capability),"permitted":\(capability)}},
            "mounts":[\((mounts + [bind]).joined(separator: ","))],
            "linux":{"cgroupsPath":"/\(cgroup)","sysctl":{"net.ipv4.tcp_syncookies":"0"},
            "resources":{"memory":{"limit":67108864},"cpu":{"shares":512,"quota":50000,"period":100000}},
            "namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}],
            "maskedPaths":\(list(masked)),"readonlyPaths":\(list(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"])),
            "seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["kexec_load"],"action":"SCMP_ACT_ERRNO"}]}}}
            """
    }
}

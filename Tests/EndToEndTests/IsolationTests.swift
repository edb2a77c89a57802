import Foundation
import Testing

extension EndToEnd {
    /// What a manifest asks for, read from outside: /proc/PID of the container's first process.
    @Suite struct IsolationTests {
        /// The capabilities of a container that asks for nothing (containerd's and Docker's fourteen).
        static let usualCapabilities: UInt64 = 0x0000_0000_a804_25fb
        static let netAdmin: UInt64 = 1 << 12
        static let chown: UInt64 = 1 << 0
        static let bindService: UInt64 = 1 << 10
    }
}

/// Starts a manifest with the agent and shows the running pod.
func withPod<Result>(
    _ manifest: String, named name: String = "pod", images: [String] = ["fixture"], prepare: (Machine) throws -> Void = { _ in },
    _ body: (Machine, PodRow) throws -> Result
) throws -> Result {
    try withMachine(images: images) { machine throws in
        try prepare(machine)
        _ = try machine.manifest(manifest.replacing("FOLDER", with: machine.folder.path), name: "manifests/pod.yaml")
        return try body(machine, try machine.startAgent().waitUntilRunning(name))
    }
}

extension PodRow {
    func process(_ container: String = "main") throws -> ProcessView {
        guard let pid = pid(container) else { throw Machine.Failure(description: "container \(container) of \(name) has no process") }
        return ProcessView(pid)
    }
}

// MARK: - Namespaces

extension EndToEnd.IsolationTests {
    /// Which namespaces of a pod's container are the machine's.
    @Test(arguments: [
        ("", ["time", "user"]),
        ("hostNetwork: true", ["net", "time", "user", "uts"]),
        ("hostPID: true", ["pid", "time", "user"]),
        ("hostIPC: true", ["ipc", "time", "user"]),
        ("hostNetwork: true, hostPID: true, hostIPC: true", ["ipc", "net", "pid", "time", "user", "uts"]),
        ("hostUsers: false", ["time"]),
        ("shareProcessNamespace: true", ["time", "user"]),
    ])
    func `namespaces are the pod's but for those it shares with the host`(fields: String, shared: [String]) throws {
        try withPod(Manifest.fixture("pod", pod: fields)) { machine, pod throws in
            let process = try pod.process()
            let names = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
            let found = try names.filter { try process.namespace($0) == ProcessView.own.namespace($0) }
            #expect(found == shared)
            // An exec lands in the very same ones.
            let inside = try Description.of(pod.name, on: machine)
            for name in names { #expect(inside.namespaces[name] == (try process.namespace(name)), "\(name) of an exec") }
        }
    }

    static let two = """
        apiVersion: v1
        kind: Pod
        metadata: {name: pod}
        spec:
          terminationGracePeriodSeconds: 0
          FIELD
          containers:
            - {name: main, image: fixture, args: [run]}
            - {name: other, image: fixture, args: [run]}
        """

    @Test func `containers of a pod share network, ipc and host name, and nothing else`() throws {
        try withPod(Self.two.replacing("FIELD", with: "hostIPC: false")) { _, pod throws in
            let (main, other) = (try pod.process(), try pod.process("other"))
            for name in ["net", "ipc", "uts"] { #expect(try main.namespace(name) == other.namespace(name), "\(name)") }
            for name in ["mnt", "pid", "cgroup"] { #expect(try main.namespace(name) != other.namespace(name), "\(name)") }
            #expect(try main.status("NSpid") == "\(main.pid) 1")
            #expect(try main.cgroup() != other.cgroup())
        }
    }

    @Test func `with shareProcessNamespace an init of the pod is pid 1`() throws {
        try withPod(Self.two.replacing("FIELD", with: "shareProcessNamespace: true")) { machine, pod throws in
            let (main, other) = (try pod.process(), try pod.process("other"))
            #expect(try main.namespace("pid") == other.namespace("pid"))
            #expect(try main.namespace("mnt") != other.namespace("mnt"))
            let numbers = Set(try [main, other].map { try $0.status("NSpid").split(separator: " ").last.map(String.init) })
            #expect(!numbers.contains("1"))
            let name = try machine.exec(pod.name, ["/fixture", "describe", "/proc/1/comm"])
            #expect(name.status == 0)
        }
    }

    @Test func `a user namespace maps the pod's root to an unprivileged user`() throws {
        let manifest = Manifest.fixture(
            "pod", pod: "hostUsers: false, volumes: [{name: v, emptyDir: {}}]", container: "volumeMounts: [{name: v, mountPath: /v}]",
            arguments: "run, --health-file, /v/health")
        try withPod(manifest) { machine, pod throws in
            let process = try pod.process()
            let map = try process.text("uid_map").split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            #expect(map.count == 3 && map[0] == 0 && map[1] >= 65_536 && map[1] % 65_536 == 0 && map[2] == 65_536, "\(map)")
            #expect(try process.text("gid_map") == process.text("uid_map"))
            #expect(try process.status("Uid") == Array(repeating: "\(map[1])", count: 4).joined(separator: " "))
            // Inside it is root, with the usual capabilities over its own namespaces.
            let inside = try Description.of(pod.name, on: machine)
            #expect(inside.status["Uid"] == "0\t0\t0\t0")
            #expect(try process.capabilities("CapEff") == Self.usualCapabilities)
            // On disk, the volume's file belongs to root: the mount translates the owner.
            let volume = "\(machine.dataDirectory)/pods/\(pod.uid)/volumes/kubernetes.io~empty-dir/v/health"
            try waitUntil("the file is there") { FileManager.default.fileExists(atPath: volume) }
            #expect(try FileManager.default.attributesOfItem(atPath: volume)[.ownerAccountID] as? Int == 0)
        }
    }
}

// MARK: - Identity and privileges

extension EndToEnd.IsolationTests {
    @Test func `a plain container has the usual capabilities and nothing more`() throws {
        try withPod(Manifest.fixture("pod")) { machine, pod throws in
            let process = try pod.process()
            for set in ["CapEff", "CapPrm", "CapBnd"] { #expect(try process.capabilities(set) == Self.usualCapabilities, "\(set)") }
            for set in ["CapInh", "CapAmb"] { #expect(try process.capabilities(set) == 0, "\(set)") }
            #expect(try process.status("Seccomp") == "0")
            #expect(try process.status("NoNewPrivs") == "0")
            #expect(try process.status("Uid") == "0 0 0 0")
            #expect(try process.status("Gid") == "0 0 0 0")
            #expect(try process.status("Umask") == "0022")
            #expect(try process.status("SigBlk") == "0000000000000000")
            #expect(try process.status("SigIgn") == "0000000000000000" || process.status("SigIgn") == "0000000000001000")
            #expect(try process.text("oom_score_adj") == "1000\n")
            #expect(
                try process.cgroup().hasSuffix(
                    "/kubepods/besteffort/pod\(pod.uid)/\(pod.container("main")?.containerID?.split(separator: "/").last ?? "")"))
            let inside = try Description.of(pod.name, on: machine)
            for field in ["CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb", "Uid", "Gid", "Seccomp", "NoNewPrivs"] {
                let words = inside.status[field]?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                #expect(words == (try process.status(field)), "\(field) of an exec")
            }
        }
    }

    @Test func `users and groups are those of the manifest`() throws {
        let manifest = Manifest.fixture(
            "pod",
            pod: "securityContext: {runAsUser: 1234, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000]}, "
                + "volumes: [{name: v, emptyDir: {}}]",
            container: "volumeMounts: [{name: v, mountPath: /v}]")
        try withPod(manifest) { machine, pod throws in
            let process = try pod.process()
            #expect(try process.status("Uid") == "1234 1234 1234 1234")
            #expect(try process.status("Gid") == "3000 3000 3000 3000")
            let groups = Set(try process.status("Groups").split(separator: " "))
            #expect(groups == ["2000", "3000", "4000"])
            // No user but root keeps capabilities through execve(2); what it could ever get is still bounded.
            for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] { #expect(try process.capabilities(set) == 0, "\(set)") }
            #expect(try process.capabilities("CapBnd") == Self.usualCapabilities)
            let volume = try FileManager.default.attributesOfItem(
                atPath: "\(machine.dataDirectory)/pods/\(pod.uid)/volumes/kubernetes.io~empty-dir/v")
            #expect(volume[.groupOwnerAccountID] as? Int == 2000)
            #expect((volume[.posixPermissions] as? Int ?? 0) & 0o2070 == 0o2070)
        }
    }

    @Test(arguments: [
        ("capabilities: {add: [NET_ADMIN], drop: [CHOWN]}", (usualCapabilities | netAdmin) & ~chown),
        ("capabilities: {drop: [ALL]}", 0),
        ("capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}", bindService),
        ("capabilities: {drop: [CAP_CHOWN]}", usualCapabilities & ~chown),
    ])
    func `capabilities are added and dropped`(context: String, expected: UInt64) throws {
        try withPod(Manifest.fixture("pod", container: "securityContext: {\(context)}")) { machine, pod throws in
            let process = try pod.process()
            for set in ["CapEff", "CapPrm", "CapBnd"] { #expect(try process.capabilities(set) == expected, "\(set)") }
            for set in ["CapInh", "CapAmb"] { #expect(try process.capabilities(set) == 0, "\(set)") }
            let inside = try Description.of(pod.name, on: machine)
            #expect(UInt64(inside.status["CapEff"] ?? "", radix: 16) == expected, "of an exec")
        }
    }

    @Test func `a privileged container has what the machine has`() throws {
        try withPod(Manifest.fixture("pod", container: "securityContext: {privileged: true}")) { machine, pod throws in
            let process = try pod.process()
            #expect(try process.capabilities("CapEff") == ProcessView.own.capabilities("CapEff"))
            #expect(try process.status("Seccomp") == "0")
            #expect(try process.mount("/sys")?.options.contains("rw") == true)
            #expect(try process.mount("/proc/kcore") == nil)
            #expect(try process.mount("/proc/sys") == nil)
            let devices = Set(try Description.of(pod.name, on: machine).devices)
            #expect(devices.isSuperset(of: ["null", "zero", "tty"]))
            let hostNodes = try FileManager.default.contentsOfDirectory(atPath: "/dev").filter { name in
                let type = try? FileManager.default.attributesOfItem(atPath: "/dev/\(name)")[.type] as? FileAttributeType
                return type == .typeBlockSpecial
            }
            #expect(devices.isSuperset(of: hostNodes), "\(Set(hostNodes).subtracting(devices))")
        }
    }

    @Test func `allowPrivilegeEscalation false is no_new_privs, for an exec as well`() throws {
        try withPod(Manifest.fixture("pod", container: "securityContext: {allowPrivilegeEscalation: false}")) { machine, pod throws in
            #expect(try pod.process().status("NoNewPrivs") == "1")
            #expect(try Description.of(pod.name, on: machine).status["NoNewPrivs"] == "1")
        }
    }

    @Test(arguments: [("{type: RuntimeDefault}", "2"), ("{type: Unconfined}", "0")])
    func `seccomp profiles by type`(profile: String, mode: String) throws {
        try withPod(Manifest.fixture("pod", container: "securityContext: {seccompProfile: \(profile)}")) { machine, pod throws in
            #expect(try pod.process().status("Seccomp") == mode)
            #expect(try Description.of(pod.name, on: machine).status["Seccomp"] == mode)
        }
    }

    @Test func `a Localhost seccomp profile acts`() throws {
        let profile =
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":74}]}"#
        let manifest = Manifest.busybox(
            command: "mkdir /x; sleep 1000",
            container: "securityContext: {seccompProfile: {type: Localhost, localhostProfile: nodirs.json}}")
        try withPod(manifest, images: ["busybox"]) { machine throws in
            try FileManager.default.createDirectory(atPath: "\(machine.dataDirectory)/seccomp", withIntermediateDirectories: true)
            try profile.write(toFile: "\(machine.dataDirectory)/seccomp/nodirs.json", atomically: true, encoding: .utf8)
        } _: { machine, pod throws in
            #expect(try pod.process().status("Seccomp") == "2")
            let result = try machine.exec(pod.name, ["mkdir", "/y"])
            #expect(result.status == 1)
            #expect(result.stderr.contains("Bad message"), "\(result.stderr)")  // EBADMSG, 74
        }
    }

    @Test func `limits are those of who started swiftlet`() throws {
        try withPod(Manifest.fixture("pod")) { machine, pod throws in
            #expect(try pod.process().limits() == ProcessView.own.limits())
        }
    }

    @Test func `a guaranteed pod is the last to be killed for memory, as far as the machine lets it`() throws {
        let container = "resources: {limits: {cpu: 100m, memory: 32Mi}}"
        try withPod(Manifest.fixture("pod", container: container)) { _, pod throws in
            let adjustment = Int(try pod.process().text("oom_score_adj").trimmingCharacters(in: .newlines))
            let mayLower = try ProcessView.own.capabilities("CapEff") & (1 << 24) != 0  // CAP_SYS_RESOURCE
            #expect(adjustment == (mayLower ? -997 : 0))
        }
    }
}

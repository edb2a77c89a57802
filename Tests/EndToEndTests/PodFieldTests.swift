import Foundation
import Testing

extension EndToEnd {
    /// Fields that act together or on several processes, read from outside.
    @Suite struct PodFieldTests {}
}

// MARK: - Process namespaces

extension EndToEnd.PodFieldTests {
    static let sharing = """
        apiVersion: v1
        kind: Pod
        metadata: {name: pod}
        spec:
          hostUsers: false
          shareProcessNamespace: true
          terminationGracePeriodSeconds: 1
          restartPolicy: Never
          containers:
            - {name: main, image: busybox, command: [sh, -c, MAIN]}
            - {name: other, image: busybox, command: [sh, -c, OTHER]}
        """

    /// The first process of such a container is cloned twice; the supervisor must know it by the machine's number, not by the pod's.
    @Test func `a shared process namespace in a user namespace has the container's own processes`() throws {
        let manifest = Self.sharing.replacing("MAIN", with: "sleep 1000").replacing("OTHER", with: "sleep 1000")
        try withPod(manifest, images: ["busybox"]) { machine, pod throws in
            let (main, other) = (try pod.process(), try pod.process("other"))
            for process in [main, other] {
                #expect(try process.text("cmdline").hasPrefix("sleep\0"), "\(process.pid) is another process")
                #expect(try process.namespace("user") != ProcessView.own.namespace("user"))
                #expect(try process.status("NSpid").split(separator: " ").last != "1")
            }
            #expect(try main.namespace("pid") == other.namespace("pid"))
            #expect(try main.namespace("pid") != ProcessView.own.namespace("pid"))
            #expect(try main.cgroup() != other.cgroup())
            let seen = try machine.exec(pod.name, container: "main", ["ps", "-o", "pid,args"])
            #expect(seen.stdout.components(separatedBy: "sleep 1000").count == 3, "\(seen.stdout)\(seen.stderr)")
            #expect(try machine.swiftlet(["stop"], [pod.name]).status == 0)
            #expect(!main.isAlive && !other.isAlive)
        }
    }

    @Test func `and its exit codes come back`() throws {
        try withMachine { machine throws in
            let manifest = Self.sharing.replacing("MAIN", with: "exit 0").replacing("OTHER", with: "'sleep 0.2; exit 4'")
            let result = try machine.swiftlet(["run"], ["-f", try machine.manifest(manifest), "--timeout", "20s"])
            #expect(result.status == 4, "\(result.stderr)")
        }
    }
}

// MARK: - Volumes

extension EndToEnd.PodFieldTests {
    @Test(arguments: [
        ("DirectoryOrCreate", S_IFDIR | 0o755), ("FileOrCreate", S_IFREG | 0o644),
    ])
    func `a hostPath is made where it is missing`(type: String, mode: mode_t) throws {
        try withMachine { machine throws in
            let path = "\(machine.folder.path)/new/deep"
            if type == "FileOrCreate" { _ = try machine.directory("new") }
            let pod = try machine.manifest(
                Manifest.busybox(
                    command: "test -e /v && echo there", pod: "volumes: [{name: v, hostPath: {path: \(path), type: \(type)}}]",
                    container: "volumeMounts: [{name: v, mountPath: /v}]"))
            let result = try machine.swiftlet(["run"], ["-f", pod, "--timeout", "20s"])
            #expect(result.stdout == "main | there\n", "\(result.stderr)")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode == mode)
        }
    }

    @Test(arguments: [("CharDevice", "/dev/null", "c 1 3"), ("File", "/etc/passwd", "regular file"), ("Directory", "/etc", "directory")])
    func `a hostPath of the asked type is taken`(type: String, path: String, seen: String) throws {
        try withMachine { machine throws in
            let look = type == "CharDevice" ? "stat -c 'c %t %T' /v" : "stat -c %F /v"
            let pod = try machine.manifest(
                Manifest.busybox(
                    command: look, pod: "volumes: [{name: v, hostPath: {path: \(path), type: \(type)}}]",
                    container: "volumeMounts: [{name: v, mountPath: /v, readOnly: true}]"))
            #expect(try machine.swiftlet(["run"], ["-f", pod, "--timeout", "20s"]).stdout == "main | \(seen)\n")
        }
    }

    /// The image's /etc/group has user 1000 in 2000 and 2001.
    @Test(arguments: [("Merge", "2000 2001 4000 1000"), ("Strict", "4000 1000")])
    func `supplemental groups are those of the policy`(policy: String, expected: String) throws {
        let pod = "securityContext: {runAsUser: 1000, runAsGroup: 1000, supplementalGroups: [4000], supplementalGroupsPolicy: \(policy)}"
        try withPod(Manifest.fixture("pod", pod: pod)) { machine, pod throws in
            let groups = Set(try pod.process().status("Groups").split(separator: " "))
            #expect(groups == Set(expected.split(separator: " ")))
            let inside = try Description.of(pod.name, on: machine).status["Groups"] ?? ""
            #expect(Set(inside.split(whereSeparator: \.isWhitespace)) == groups, "of an exec")
        }
    }
}

// MARK: - Huge pages

extension EndToEnd.PodFieldTests {
    static let hugePages = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

    static let canLimitHugePages: Bool = {
        let may = CgroupControllers.available.contains("hugetlb") && FileManager.default.fileExists(atPath: hugePages)
        if !may { print("the test of huge page limits is skipped: no hugetlb controller, or no pages of 2 MiB") }
        return may
    }()

    @Test(.enabled(if: canLimitHugePages))
    func `huge pages are limited to what was asked for, and to none where nothing was`() throws {
        let before = try String(contentsOfFile: Self.hugePages, encoding: .utf8)
        try "4".write(toFile: Self.hugePages, atomically: false, encoding: .utf8)
        defer { try? before.write(toFile: Self.hugePages, atomically: false, encoding: .utf8) }
        let manifest = """
            apiVersion: v1
            kind: Pod
            metadata: {name: pod}
            spec:
              terminationGracePeriodSeconds: 0
              volumes: [{name: v, emptyDir: {medium: HugePages}}]
              containers:
                - name: main
                  image: fixture
                  args: [run]
                  resources: {limits: {hugepages-2Mi: 4Mi, memory: 32Mi, cpu: 100m}}
                  volumeMounts: [{name: v, mountPath: /v}]
                - {name: other, image: fixture, args: [run]}
            """
        try withPod(manifest) { _, pod throws in
            let main = try Cgroup(of: pod)
            let other = CgroupControllers.mountPoint + (try pod.process("other").cgroup())
            #expect(try main.value("hugetlb.2MB.max") == "\(4 << 20)")
            #expect(try main.value("../hugetlb.2MB.max") == "\(4 << 20)")
            #expect(try String(contentsOfFile: "\(other)/hugetlb.2MB.max", encoding: .utf8) == "0\n")
            let mount = try #require(try pod.process().mount("/v"))
            #expect(mount.type == "hugetlbfs" && mount.superOptions.contains("pagesize=2M"), "\(mount)")
        }
    }
}

// MARK: - Hooks

extension EndToEnd.PodFieldTests {
    /// The hook makes the container end by itself, with a code; the signal would have given 0.
    @Test func `an httpGet hook asks the pod's own port by its name`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let hooks = "lifecycle: {preStop: {httpGet: {port: web, path: /exit/5}}}, ports: [{name: web, containerPort: 8080}]"
            let pod = Manifest.fixture(
                "pod", pod: "terminationGracePeriodSeconds: 20, restartPolicy: Never", container: hooks, arguments: "run, --http, '8080'")
            let result = try machine.swiftlet(["run"], ["-f", try machine.manifest(pod), "--timeout", "2s", "-o", "json"])
            #expect(result.stdout.contains("\"exitCode\": 5"), "\(result.stdout)\(result.stderr)")
        }
    }

    @Test func `a sleep hook delays the signal`() throws {
        try withMachine { machine throws in
            let script = "trap 'echo term at $(cut -d. -f1 /proc/uptime); exit 0' TERM; echo up; while :; do sleep 0.1 & wait $!; done"
            let pod = Manifest.busybox(
                command: script, pod: "terminationGracePeriodSeconds: 20", container: "lifecycle: {preStop: {sleep: {seconds: 2}}}")
            let begin = try #require(Double(String(contentsOfFile: "/proc/uptime", encoding: .utf8).prefix { $0 != " " }))
            let result = try machine.swiftlet(["run"], ["-f", try machine.manifest(pod), "--timeout", "1s"])
            let line = try #require(result.stdout.split(separator: "\n").last { $0.contains("term at") }, "\(result.stdout)")
            let ended = try #require(Double(line.split(separator: " ").last ?? ""))
            #expect(ended >= begin + 2)  // the second of the timeout pays for the rounding
        }
    }
}

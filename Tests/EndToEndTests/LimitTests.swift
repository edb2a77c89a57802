import Foundation
import Testing

/// Which cgroup v2 controllers the machine has where `swiftlet` looks for them.
enum CgroupControllers {
    static let mountPoint: String = {
        let isHybrid = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/unified/cgroup.procs")
        return isHybrid ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
    }()

    static let available: Set<String> = {
        let text = (try? String(contentsOfFile: "\(mountPoint)/cgroup.controllers", encoding: .utf8)) ?? ""
        return Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }()

    static let suffice: Bool = {
        let missing = Set(["cpu", "memory", "pids"]).subtracting(available)
        if !missing.isEmpty { print("limit tests skipped here: the cgroup v2 hierarchy lacks \(missing.sorted()) (they run in the VM)") }
        return missing.isEmpty
    }()
}

extension EndToEnd {
    /// Limits as the kernel has them. Needs the cgroup v2 controllers: natively on a unified host, else in the throw-away VM
    /// (`make test` runs this suite there). The VM's kernel has no nftables, so these pods use the host's network.
    @Suite(.enabled(if: CgroupControllers.suffice)) struct LimitTests {}
}

extension EndToEnd.LimitTests {
    @Test func `memory over the limit is killed and called OOMKilled`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let pod = try machine.manifest(
                Manifest.fixture(
                    "eater", pod: "hostNetwork: true, restartPolicy: Never", container: "resources: {limits: {memory: 16Mi}}",
                    arguments: "run, --memory, 100M"))
            let result = try machine.swiftlet(["run"], ["-f", pod, "-o", "json"], deadlineSeconds: 120)
            #expect(result.status == 137)
            #expect(result.stdout.contains("OOMKilled"), "\(result.stdout)\(result.stderr)")
        }
    }

    @Test func `the number of processes is limited`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            _ = try machine.manifest(
                Manifest.fixture("limited", pod: "hostNetwork: true"), name: "manifests/limited.yaml")
            let agent = try machine.startAgent()
            let cgroup = try Cgroup(of: try agent.waitUntilRunning("limited", deadlineSeconds: 60))
            try cgroup.set("pids.max", "3")
            let result = try machine.exec("limited-\(machine.nodeName)", ["/fixture", "run", "--fork", "10", "--exit-after", "1ms"])
            // The container's own, the exec's, and one child.
            #expect(result.stdout == "fork 2 of 10: Resource temporarily unavailable\n", "\(result.stderr)")
            #expect(try cgroup.value("pids.events").split(separator: " ").last != "0")
        }
    }

    @Test func `the kernel has what the formulas say of a burstable pod`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let resources = "resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 500m, memory: 64Mi}}"
            _ = try machine.manifest(
                Manifest.fixture("limited", pod: "hostNetwork: true", container: resources), name: "manifests/limited.yaml")
            let agent = try machine.startAgent()
            let row = try agent.waitUntilRunning("limited", deadlineSeconds: 60)
            let cgroup = try Cgroup(of: row)
            #expect(cgroup.path.contains("kubepods/burstable/pod\(row.uid)/"))
            #expect(try cgroup.value("cpu.max") == "50000 100000")
            // 256 shares, by the logarithmic formula of the runtime below a container and the linear one of the kubelet above it.
            #expect(try cgroup.value("cpu.weight") == "35")
            #expect(try cgroup.value("../cpu.weight") == "10")
            #expect(try cgroup.value("../cpu.max") == "50000 100000")
            #expect(try cgroup.value("memory.max") == "\(64 << 20)")
            #expect(try cgroup.value("../memory.max") == "\(64 << 20)")
            #expect(try cgroup.value("memory.swap.max") == "0")
            #expect(try cgroup.value("memory.oom.group") == "1")
        }
    }

    /// Resources of two containers, and what the pod's cgroup and the second container's have then. The VM has one processor for all.
    static let sums: [(name: String, main: String, other: String, pod: [String: String], container: [String: String])] = [
        // All declare limits: the pod has their sums. 100m + 200m are 307 shares.
        (
            "both", "{requests: {cpu: 100m, memory: 16Mi}, limits: {cpu: 200m, memory: 32Mi}}",
            "{requests: {cpu: 200m, memory: 16Mi}, limits: {cpu: 300m, memory: 16Mi}}",
            ["cpu.max": "50000 100000", "cpu.weight": "12", "memory.max": "\(48 << 20)"],
            ["cpu.max": "30000 100000", "cpu.weight": "29", "memory.max": "\(16 << 20)"]
        ),
        // One without limits: the pod has none. A request counts all the same.
        (
            "one", "{limits: {cpu: 300m, memory: 32Mi}}", "{requests: {cpu: 100m}}",
            ["cpu.max": "max 100000", "cpu.weight": "16", "memory.max": "max"],
            ["cpu.max": "max 100000", "cpu.weight": "17", "memory.max": "max"]
        ),
        // Quotas below 1 ms are 1 ms; a weight is at least 1.
        (
            "tiny", "{limits: {cpu: 1m, memory: 8Mi}}", "{limits: {cpu: 1m, memory: 8Mi}}",
            ["cpu.max": "1000 100000", "cpu.weight": "1", "memory.max": "\(16 << 20)"],
            ["cpu.max": "1000 100000", "cpu.weight": "1", "memory.max": "\(8 << 20)"]
        ),
    ]

    @Test func `a pod's cgroup has the sums of its containers, when all declare them`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            for (name, main, other, _, _) in Self.sums {
                let manifest = """
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: \(name)}
                    spec:
                      hostNetwork: true
                      terminationGracePeriodSeconds: 0
                      containers:
                        - {name: other, image: fixture, args: [run], resources: \(main)}
                        - {name: main, image: fixture, args: [run], resources: \(other)}
                    """
                _ = try machine.manifest(manifest, name: "manifests/\(name).yaml")
            }
            let agent = try machine.startAgent()
            for (name, _, _, pod, container) in Self.sums {
                let cgroup = try Cgroup(of: try agent.waitUntilRunning(name, deadlineSeconds: 60))
                for (file, value) in pod { #expect(try cgroup.value("../\(file)") == value, "\(name): \(file) of the pod") }
                for (file, value) in container { #expect(try cgroup.value(file) == value, "\(name): \(file) of the container") }
            }
        }
    }

    @Test func `a container that eats memory again and again is OOMKilled each time, and its neighbour lives`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let manifest = """
                apiVersion: v1
                kind: Pod
                metadata: {name: pod}
                spec:
                  hostNetwork: true
                  terminationGracePeriodSeconds: 0
                  containers:
                    - {name: main, image: fixture, args: [run, --memory, 100M], resources: {limits: {memory: 16Mi}}}
                    - {name: other, image: fixture, args: [run]}
                """
            _ = try machine.manifest(manifest, name: "manifests/pod.yaml")
            let agent = try machine.startAgent()
            let first = try agent.waitFor("pod", "has its neighbour", deadlineSeconds: 60) { $0.pid("other") != nil }
            try agent.waitFor("pod", "was restarted and killed again", deadlineSeconds: 90) { row in
                let main = row.container("main")
                return (main?.restartCount ?? 0) >= 1 && (main?.reason == "OOMKilled" || main?.reason == "CrashLoopBackOff")
            }
            #expect(try machine.pod("pod")?.pid("other") == first.pid("other"))
        }
    }

    /// What an exec eats is the container's as well: the container goes as a whole (memory.oom.group).
    @Test func `an exec that eats memory takes the container with it`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            _ = try machine.manifest(
                Manifest.fixture(
                    "pod", pod: "hostNetwork: true, restartPolicy: Never", container: "resources: {limits: {memory: 16Mi}}"),
                name: "manifests/pod.yaml")
            let agent = try machine.startAgent()
            let row = try agent.waitUntilRunning("pod", deadlineSeconds: 60)
            let result = try machine.exec(row.name, ["/fixture", "run", "--memory", "100M"])
            #expect(result.status == 137, "\(result.stderr)")
            let ended = try agent.waitFor("pod", "has failed", deadlineSeconds: 30) { $0.phase == "Failed" }
            #expect(ended.container("main")?.reason == "OOMKilled")
        }
    }

    @Test func `the classes lie in their places`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let whole = "resources: {limits: {cpu: 500m, memory: 64Mi}}"
            _ = try machine.manifest(Manifest.fixture("fixed", pod: "hostNetwork: true", container: whole), name: "manifests/a.yaml")
            _ = try machine.manifest(Manifest.fixture("free", pod: "hostNetwork: true"), name: "manifests/b.yaml")
            let agent = try machine.startAgent()
            let (fixed, free) = (
                try agent.waitUntilRunning("fixed", deadlineSeconds: 60), try agent.waitUntilRunning("free", deadlineSeconds: 60)
            )
            let (guaranteed, bestEffort) = (try Cgroup(of: fixed), try Cgroup(of: free))
            #expect(guaranteed.path.contains("kubepods/pod\(fixed.uid)/"))
            #expect(bestEffort.path.contains("kubepods/besteffort/pod\(free.uid)/"))
            #expect(try guaranteed.value("../cpu.weight") == "20")  // 512 shares
            #expect(try bestEffort.value("../cpu.weight") == "1")
            #expect(try bestEffort.value("../../cpu.weight") == "1")
            #expect(try bestEffort.value("memory.max") == "max")
            #expect(try bestEffort.value("cpu.max") == "max 100000")
        }
    }
}

extension EndToEnd {
    /// What a machine without controllers does instead: the pod runs, and says what it does not have.
    @Suite(.enabled(if: !CgroupControllers.suffice)) struct MissingControllerTests {}
}

extension EndToEnd.MissingControllerTests {
    @Test func `a limit that can't be set is reported for the pod that asked for it, and for no other`() throws {
        try withMachine { machine throws in
            let limited = try machine.manifest(
                Manifest.busybox(name: "limited", command: "echo ran", container: "resources: {limits: {memory: 64Mi, cpu: 500m}}"))
            let result = try machine.swiftlet(["run"], ["-f", limited])
            #expect(result.status == 0)
            #expect(result.stdout == "main | ran\n")
            #expect(result.stderr.contains("limited: NotEnforced: memory.max"), "\(result.stderr)")
            #expect(result.stderr.contains("limited: NotEnforced: container main: memory.max"), "\(result.stderr)")
            let free = try machine.manifest(Manifest.busybox(name: "free", command: "echo ran"))
            #expect(try machine.swiftlet(["run"], ["-f", free]).stderr == "")
        }
    }
}

/// The cgroup of a pod's container `main`, in the kernel.
struct Cgroup {
    let path: String

    init(of pod: PodRow) throws {
        guard let pid = pod.pid() else { throw Machine.Failure(description: "\(pod.name) has no process") }
        path = CgroupControllers.mountPoint + (try ProcessView(pid).cgroup())
    }

    func value(_ file: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func set(_ file: String, _ value: String) throws {
        let handle = try FileHandle(forWritingTo: URL(filePath: "\(path)/\(file)"))
        try handle.write(contentsOf: Data(value.utf8))
        try handle.close()
    }
}

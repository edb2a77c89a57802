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

import Foundation

/// An instance of its own for one test: directories, node name and pod addresses that nobody else uses.
final class Machine {
    let folder: URL
    let subnet: Int
    private var agents: [Agent] = []
    private static let lock = NSLock()
    nonisolated(unsafe) private static var nextSubnet = 1  // guarded by lock

    struct Failure: Error, CustomStringConvertible { var description: String }

    init(images: [String] = ["busybox"]) throws {
        folder = URL(filePath: "/tmp/swiftlet-e2e-\(UUID().uuidString.prefix(8))")
        subnet = Self.lock.withLock {
            Self.nextSubnet = Self.nextSubnet % 250 + 1
            return Self.nextSubnet
        }
        try FileManager.default.createDirectory(at: manifests, withIntermediateDirectories: true)
        for image in images { try importImage("\(Program.fixtures ?? "")/\(image).tar") }
    }

    /// Where `agent` looks for manifests.
    var manifests: URL { folder.appending(path: "manifests") }
    var dataDirectory: String { folder.appending(path: "data").path }
    var nodeName: String { "e2e-\(subnet)" }

    var instance: [String] {
        [
            "--data-dir", dataDirectory, "--run-dir", folder.appending(path: "run").path,
            "--pod-cidr", "10.77.\(subnet).0/24", "--node-name", nodeName,
        ] + (Self.hasNftables ? [] : ["--no-masquerade"])
    }

    /// The kernel of the VM, where the limits are tested, has none; it says so only when it is to do something.
    private static let hasNftables: Bool = {
        let rules = "add table inet probe; add chain inet probe c { type nat hook postrouting priority 100 ; }"
        return (try? Program.run("/usr/bin/unshare", ["--net", "/usr/sbin/nft", rules]).status) == 0
    }()

    /// Runs `swiftlet COMMAND… <instance options> ARGUMENT…`.
    func swiftlet(_ command: [String], _ arguments: [String] = [], deadlineSeconds: Double = 60) throws -> Program.Result {
        try Program.run(Program.swiftlet, command + instance + arguments, deadlineSeconds: deadlineSeconds)
    }

    /// `swiftlet exec POD -- COMMAND…`.
    func exec(_ pod: String, container: String? = nil, _ command: [String]) throws -> Program.Result {
        try swiftlet(["exec"], (container.map { ["-c", $0] } ?? []) + [pod, "--"] + command)
    }

    func importImage(_ path: String, tag: String? = nil) throws {
        let result = try swiftlet(["image", "import"], (tag.map { ["--tag", $0] } ?? []) + [path])
        guard result.status == 0 else { throw Failure(description: "import \(path): \(result.stderr)") }
    }

    /// Writes a file of the instance's folder, whole or not at all: the agent watches some of them.
    func manifest(_ text: String, name: String = "pod.yaml") throws -> String {
        let file = folder.appending(path: name)
        let draft = folder.appending(path: "draft")
        try text.write(to: draft, atomically: false, encoding: .utf8)
        guard rename(draft.path, file.path) == 0 else { throw Failure(description: "rename to \(file.path): errno \(errno)") }
        return file.path
    }

    /// A new directory for hostPath volumes, open to every user.
    func directory(_ name: String) throws -> URL {
        let url = folder.appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        chmod(url.path, 0o777)
        return url
    }

    func startAgent(_ arguments: [String] = [], waiting isWaitedFor: Bool = true) throws -> Agent {
        let agent = try Agent(self, "agent", arguments, isWaitedFor: isWaitedFor)
        agents.append(agent)
        return agent
    }

    /// The whole cluster of one node, at any free port.
    func startUp(_ arguments: [String] = []) throws -> Agent {
        let up = try Agent(self, "up", ["--listen", "127.0.0.1:0"] + arguments)
        agents.append(up)
        return up
    }

    var kubeconfig: String { "\(dataDirectory)/admin.kubeconfig" }

    func pods() throws -> [PodRow] {
        let result = try swiftlet(["ps"], ["-o", "json"])
        struct Answer: Decodable { var pods: [PodRow] }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(result.stdout.utf8)).pods
        } catch {
            throw Failure(description: "ps -o json: \(error): \(result.stdout)\(result.stderr)")
        }
    }

    /// The pod of a manifest in the watched directory: its name has the node's behind it.
    func pod(_ name: String) throws -> PodRow? { try pods().first { $0.name == "\(name)-\(nodeName)" || $0.name == name } }

    /// What its agents wrote to stderr, the last of it.
    var complaints: String {
        let lines = agents.flatMap { $0.stderr.split(separator: "\n") }.filter { !$0.contains("is missing: held by a cgroup v1 hierarchy") }
        return String(lines.joined(separator: "\n").suffix(6000))
    }

    /// Ends what is left of the instance. Nothing of it may be in the kernel afterwards.
    func close() throws {
        for agent in agents where agent.process.isRunning { agent.kill9() }
        let result = try swiftlet(["down"])
        guard result.status == 0 else { throw Failure(description: "down: exit \(result.status): \(result.stderr)") }
        try FileManager.default.removeItem(at: folder)
    }
}

// MARK: - What the instance has on the machine

extension Machine {
    /// Names in a directory of the instance's folder; none when there is no such directory.
    func files(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path)) ?? []
    }

    var mounts: [String] {
        ((try? ProcessView.own.mounts()) ?? []).map(\.target).filter { $0.hasPrefix(folder.path + "/") }
    }

    /// Its cgroup and those below.
    var cgroups: [String] {
        let all = KernelInventory.cgroupFolders()
        guard let root = all.first(where: { $0.hasSuffix("/\(instanceName)") }) else { return [] }
        return all.filter { $0 == root || $0.hasPrefix(root + "/") }
    }

    /// As its kernel objects are called: `swl-` and FNV-1a of the run directory.
    private var instanceName: String {
        let hash = folder.appending(path: "run").path.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let digits = String(hash, radix: 16)
        return "swl-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Pids of its supervisors.
    var supervisors: [String] {
        cgroups.filter { $0.hasSuffix("-supervisors") }.flatMap { folder in
            ((try? String(contentsOfFile: folder + "/cgroup.procs", encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }
    }
}

/// Gives a test an instance and takes it away afterwards, also when the test fails.
///
/// Write `{ machine throws in`: what `#expect` throws, the compiler does not see by itself.
func withMachine<Result>(images: [String] = ["busybox"], _ body: (Machine) throws -> Result) throws -> Result {
    let machine = try Machine(images: images)
    let result: Result
    do {
        result = try body(machine)
    } catch {
        try? machine.close()
        throw error
    }
    try machine.close()
    return result
}

/// Polls a condition with a deadline. An error of the last try is thrown.
///
/// - Parameter explain: What is so instead, for the failure's message.
func waitUntil(
    _ what: String, deadlineSeconds: Double = 20, _ condition: () throws -> Bool, orElse explain: () throws -> String = { "" }
) throws {
    let deadline = Date(timeIntervalSinceNow: deadlineSeconds)
    while Date() < deadline {
        if (try? condition()) == true { return }
        usleep(10_000)
    }
    guard try condition() else { throw Machine.Failure(description: "not within \(deadlineSeconds) s: \(what): \(try explain())") }
}

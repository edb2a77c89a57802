import Foundation

/// The node agent with its directory of manifests, running: alone, or with the control plane beside it.
final class Agent {
    let process: ChildProcess
    private let machine: Machine
    private let output: URL

    /// - Parameters:
    ///   - command: `agent` or `up`.
    ///   - isWaitedFor: Until it says that it is ready.
    init(_ machine: Machine, _ command: String = "agent", _ arguments: [String] = [], isWaitedFor: Bool = true) throws {
        self.machine = machine
        output = machine.folder.appending(path: "agent-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        process = try Program.start(
            Program.swiftlet, [command] + machine.instance + ["--pod-manifest-path", machine.manifests.path] + arguments,
            output: output)
        guard isWaitedFor else { return }
        do {
            try waitUntil("the agent is ready") { stdout.contains("ready in ") || !process.isRunning }
            guard process.isRunning else { throw Machine.Failure(description: "the agent ended") }
        } catch {
            kill9()
            throw Machine.Failure(description: "\(error): \(stderr)")
        }
    }

    var stdout: String { (try? String(contentsOf: output.appending(path: "stdout"), encoding: .utf8)) ?? "" }
    var stderr: String { (try? String(contentsOf: output.appending(path: "stderr"), encoding: .utf8)) ?? "" }

    /// Waits for something of a pod; a failure says what the agent had to say.
    @discardableResult
    func waitFor(
        _ pod: String, _ what: String, deadlineSeconds: Double = 20, _ condition: (PodRow) -> Bool
    ) throws -> PodRow {
        var last: PodRow?
        do {
            try waitUntil("pod \(pod) \(what)", deadlineSeconds: deadlineSeconds) {
                last = try machine.pod(pod)
                return last.map(condition) ?? false
            }
        } catch {
            throw Machine.Failure(
                description: "\(error); last seen: \(last.map { "\($0)" } ?? "no such pod"); agent: \(stderr.suffix(2000))")
        }
        guard let last else { throw Machine.Failure(description: "no pod \(pod)") }
        return last
    }

    @discardableResult
    func waitUntilRunning(_ pod: String, deadlineSeconds: Double = 20) throws -> PodRow {
        try waitFor(pod, "runs", deadlineSeconds: deadlineSeconds) { row in
            !row.containers.isEmpty && row.containers.allSatisfy { $0.state == "running" && $0.pid != nil }
        }
    }

    func waitUntilGone(_ pod: String, deadlineSeconds: Double = 20) throws {
        try waitUntil("pod \(pod) is gone", deadlineSeconds: deadlineSeconds) { try machine.pod(pod) == nil }
    }

    func kill9() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// - Returns: Its exit code after SIGTERM; 128 + signal when it was killed.
    func terminate() -> Int32 {
        process.terminate()
        return process.waitUntilExit()
    }
}

/// A pod as `swiftlet ps -o json` prints it.
struct PodRow: Decodable {
    struct Container: Decodable {
        var name: String
        var state: String
        var restartCount: Int
        var pid: Int?
        var exitCode: Int?
        var reason: String?
        var message: String?
        var containerID: String?
    }
    var name: String
    var uid: String
    var phase: String
    var reason: String?
    var message: String?
    var podIP: String?
    var initContainers: [Container]
    var containers: [Container]

    func container(_ name: String) -> Container? { (containers + initContainers).first { $0.name == name } }
    func pid(_ container: String = "main") -> Int? { self.container(container)?.pid }
}

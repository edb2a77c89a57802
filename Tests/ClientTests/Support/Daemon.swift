import Foundation

/// The built `swiftlet server`, on a folder of its own: the API server alone, so that nothing changes but what its clients change.
final class Daemon {
    let folder: URL
    private(set) var child: Child
    /// Where it listens; kept over a restart, since kubeconfigs name it.
    private(set) var url: String

    static let program: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "."
        return URL(filePath: own).deletingLastPathComponent().appending(path: "swiftlet").path
    }()

    init(_ arguments: [String] = []) throws {
        folder = URL(filePath: "/tmp/swiftlet-clients-\(UUID().uuidString.prefix(8))")
        child = try Self.start(folder, listen: "127.0.0.1:0", arguments)
        url = ""
        url = try serverURL()
    }

    private static func start(_ folder: URL, listen: String, _ arguments: [String]) throws -> Child {
        // `up` with all that belongs to it, when the arguments begin so.
        let command = arguments.first == "up" ? arguments : ["server", "--no-scheduler", "--controllers='-*'"] + arguments
        let options = command + ["--listen", listen, "--data-dir", "data", "--run-dir", "run", "--audit-log", "audit"]
        let child = try Child("exec '\(program)' \(options.joined(separator: " "))", in: folder)
        do {
            try waitUntil("swiftlet up is ready") { child.stdout.contains("export KUBECONFIG=") || kill(child.pid, 0) != 0 }
        } catch {
            throw Failure(description: "\(error): \(child.stderr)")
        }
        return child
    }

    var kubeconfig: URL { folder.appending(path: "data/admin.kubeconfig") }
    var directories: String { "--data-dir \(folder.path)/data --run-dir \(folder.path)/run" }
    var stderr: String { child.stderr }

    private func serverURL() throws -> String {
        let text = try String(contentsOf: kubeconfig, encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.contains("server: ") }), let last = line.split(separator: " ").last
        else { throw Failure(description: "no server in \(kubeconfig.path)") }
        return String(last)
    }

    /// The requests so far, without those of the daemon itself.
    func requests() throws -> [(verb: String, uri: String)] {
        struct Event: Decodable {
            var verb: String
            var requestURI: String
        }
        let text = try String(contentsOf: folder.appending(path: "audit"), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
            return (event.verb, event.requestURI)
        }
    }

    func swiftlet(_ arguments: String) throws -> (status: Int32?, stdout: String, stderr: String) {
        let child = try Child("exec '\(Self.program)' \(arguments)", in: folder.appending(path: "command"))
        return (child.wait(), child.stdout, child.stderr)
    }

    /// - Returns: Its exit code.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) -> Int32? {
        kill(child.pid, signal)
        return child.wait(seconds: 20)
    }

    func startAgain(_ arguments: [String] = []) throws {
        child = try Self.start(folder, listen: String(url.dropFirst("https://".count)), arguments)
    }

    func close() {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    static func with<Value>(_ arguments: [String] = [], _ body: (Daemon) throws -> Value) throws -> Value {
        let daemon = try Daemon(arguments)
        defer { daemon.close() }
        return try body(daemon)
    }
}

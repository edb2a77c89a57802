import APIMachinery
@testable import ControlPlane
import TestSupport
import Testing

/// A whole control plane in memory, with a folder for the files of a test.
struct LiveCluster {
    let server: ControlPlaneServer
    let folder: String

    static func run(_ body: (LiveCluster) async throws -> Void) async throws {
        let folder = "/tmp/swiftlet-live-\(UInt64.random(in: 0..<UInt64.max))"
        var configuration = ControlPlaneServer.Configuration(dataDirectory: folder, listenPort: 0)
        configuration.store = .memory
        configuration.auditLog = "\(folder)/audit.log"
        try SecretFile.makeDirectory(folder)
        let cluster = LiveCluster(server: try await ControlPlaneServer.start(configuration), folder: folder)
        do { try await body(cluster) } catch {
            await cluster.end()
            throw error
        }
        await cluster.end()
    }

    private func end() async {
        await server.stop()
        _ = try? await TestSupport.shell("rm -rf \(folder)")
    }

    /// The administrator's curl: `curl … URL/PATH`.
    func curl(_ arguments: String, _ path: String) async throws -> String {
        let pki = "\(folder)/pki"
        return try await TestSupport.shell(
            "curl -sS --cacert \(pki)/ca.crt --cert \(pki)/admin.crt --key \(pki)/admin.key \(arguments) '\(server.url)\(path)'"
        ).output
    }

    /// Sends JSON and returns the answer's status code and object.
    func send(_ method: String, _ path: String, _ body: JSONValue) async throws -> (status: Int, object: JSONValue) {
        let file = "\(folder)/body-\(UInt64.random(in: 0..<UInt64.max))"
        try SecretFile.write(body.serializedText(), to: file)
        let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        let text = try await curl("-w '\\n%{http_code}' -X \(method) -H 'Content-Type: \(type)' --data-binary @\(file)", path)
        let lines = text.split(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, (try? JSONValue(parsing: String(lines.dropLast().joined(separator: "\n")))) ?? .null)
    }

    @discardableResult
    func create(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        let answer = try await send("POST", path, body)
        #expect(answer.status == 201, "\(answer.object)")
        return answer.object
    }

    /// Starts a program of Python in the background.
    ///
    /// - Returns: What it prints first, without the line's end.
    func startPython(_ name: String, _ program: String, _ arguments: String) async throws -> BackgroundProgram {
        try SecretFile.write(program, to: "\(folder)/\(name).py")
        _ = try await TestSupport.shell(
            "cd \(folder) && { python3 -u \(name).py \(arguments) > \(name).out 2> \(name).err & } && echo $! > \(name).pid")
        let started = BackgroundProgram(folder: folder, name: name)
        let didStart = try await eventually { try SecretFile.read("\(folder)/\(name).out")?.contains("\n") == true }
        guard didStart else { throw TestFailure("\(name): \(try SecretFile.read("\(folder)/\(name).err") ?? "")") }
        return started
    }
}

struct BackgroundProgram {
    let folder: String
    let name: String

    var firstLine: String { String((output.split(separator: "\n").first) ?? "") }
    var output: String { ((try? SecretFile.read("\(folder)/\(name).out")) ?? nil) ?? "" }

    /// Threads of a test may have signals blocked, which its children inherit: only this one always works.
    func stop() async {
        _ = try? await TestSupport.shell("kill -9 $(cat \(folder)/\(name).pid)")
    }
}

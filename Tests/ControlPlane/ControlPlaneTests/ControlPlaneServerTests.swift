import APIMachinery
@testable import ControlPlane
import Glibc
import NIOPosix
import Testing

/// The whole of it, with real clients.
@Suite(.serialized) struct ControlPlaneServerTests {
    func run(_ store: ControlPlaneServer.Configuration.Store = .memory, _ body: (Running) async throws -> Void) async throws {
        let folder = "/tmp/swiftlet-cp-\(UInt64.random(in: 0..<UInt64.max))"
        var configuration = ControlPlaneServer.Configuration(dataDirectory: folder, listenPort: 0)
        configuration.store = store
        configuration.auditLog = "/tmp/swiftlet-cp-audit-\(UInt64.random(in: 0..<UInt64.max))"
        configuration.tokenFile = "\(configuration.auditLog ?? "").tokens"
        try SecretFile.write("sesame,ann,1,\"dev\"\n", to: configuration.tokenFile ?? "")
        let server = try await ControlPlaneServer.start(configuration)
        let running = Running(server: server, folder: folder, auditLog: configuration.auditLog ?? "")
        do { try await body(running) } catch {
            await running.end()
            throw error
        }
        await running.end()
    }

    struct Running {
        let server: ControlPlaneServer
        let folder: String
        let auditLog: String

        var curl: String { "curl -sS --cacert \(folder)/pki/ca.crt" }
        var admin: String { "\(curl) --cert \(folder)/pki/admin.crt --key \(folder)/pki/admin.key" }

        func end() async {
            await server.stop()
            _ = try? await shell("rm -rf \(folder) \(auditLog) \(auditLog).tokens")
        }
    }

    @Test func `who is who, and what each may see`() async throws {
        try await run { cluster in
            let url = cluster.server.url
            let code = "-o /dev/null -w '%{http_code}'"
            #expect(try await shell("\(cluster.curl) \(code) \(url)/version") == "200")
            #expect(try await shell("\(cluster.curl) \(code) \(url)/readyz") == "200")
            #expect(try await shell("\(cluster.curl) \(code) \(url)/api") == "403")
            #expect(try await shell("\(cluster.curl) \(code) \(url)/metrics") == "403")
            #expect(try await shell("\(cluster.curl) \(code) -H 'Authorization: Bearer a.b.c' \(url)/version") == "401")
            #expect(try await shell("\(cluster.curl) \(code) -H 'Authorization: Bearer sesame' \(url)/api") == "200")
            #expect(try await shell("\(cluster.curl) \(code) -H 'Authorization: Bearer sesame' \(url)/api/v1/secrets") == "403")
            #expect(try await shell("\(cluster.admin) \(code) \(url)/api/v1/secrets") == "200")
            #expect(try await shell("\(cluster.admin) \(code) -H 'Impersonate-User: jane' \(url)/api/v1/secrets") == "403")
            #expect(try await shell("\(cluster.admin) \(url)/metrics").contains("apiserver_request_total{code=\"200\""))
            #expect(try await shell("\(cluster.admin) \(url)/openid/v1/jwks").contains("\"crv\":\"P-256\""))
            await cluster.server.stop()
            let audit = try #require(try SecretFile.read(cluster.auditLog))
            #expect(audit.contains("\"impersonatedUser\":{\"username\":\"jane\""))
        }
    }

    @Test func `the objects of the beginning are there, and only once`() async throws {
        try await run(.sqlite) { cluster in
            let url = cluster.server.url
            #expect(try await shell("\(cluster.admin) \(url)/api/v1/namespaces").contains("kube-node-lease"))
            #expect(try await shell("\(cluster.admin) \(url)/api/v1/namespaces/default/services/kubernetes").contains("10.96.0.1"))
            let revision = cluster.server.storage.currentRevision
            await cluster.server.stop()
            var configuration = ControlPlaneServer.Configuration(dataDirectory: cluster.folder, listenPort: cluster.port)
            configuration.store = .sqlite
            let again = try await ControlPlaneServer.start(configuration)
            #expect(again.storage.currentRevision == revision)
            await again.stop()
        }
    }

    /// SWIFTLET_KUBECTLS: paths of several versions, separated by colons; otherwise the one on PATH.
    static let kubectls: [String] = {
        if let named = getenv("SWIFTLET_KUBECTLS") { return unsafe String(cString: named).split(separator: ":").map(String.init) }
        guard let path = getenv("PATH") else { return [] }
        let candidates: [String] = unsafe String(cString: path).split(separator: ":").map { (folder: Substring) -> String in
            "\(folder)/kubectl"
        }
        return Array(candidates.filter { (path: String) -> Bool in access(path, X_OK) == 0 }.prefix(1))
    }()

    @Test(.enabled(if: !kubectls.isEmpty, "there is no kubectl on PATH, and SWIFTLET_KUBECTLS names none"), arguments: kubectls)
    func `kubectl knows who it is and what it may`(kubectl: String) async throws {
        try await run { cluster in
            let command = "\(kubectl) --kubeconfig \(cluster.server.kubeconfigPath) --cache-dir \(cluster.folder)/cache"
            // kubectl 1.27 knows only the beta of SelfSubjectReview, which is gone.
            if try await !shell("\(kubectl) version --client -o json").contains("\"gitVersion\": \"v1.27") {
                #expect(
                    try await shell("\(command) auth whoami -o jsonpath='{.status.userInfo.username}'") == "kubernetes-admin")
            }
            #expect(try await shell("\(command) auth can-i create pods") == "yes\n")
            #expect(try await shell("\(command) auth can-i create pods --as jane || true") == "no\n")
            #expect(try await shell("\(command) auth can-i --list --as jane").contains("selfsubjectaccessreviews.authorization.k8s.io"))
            #expect(try await shell("\(command) create serviceaccount robot").contains("created"))
            let token = try await shell("\(command) create token robot")
            #expect(token.hasPrefix("ey"))
            let robot = token.filter { $0 != "\n" }
            #expect(
                try await shell("\(cluster.curl) -H 'Authorization: Bearer \(robot)' \(cluster.server.url)/api/v1/pods").contains(
                    "system:serviceaccount:default:robot"))
            #expect(
                try await shell("\(command) create rolebinding r --clusterrole view --serviceaccount default:robot").contains("created"))
            #expect(try await shell("\(command) auth can-i list pods --as system:serviceaccount:default:robot") == "yes\n")
            #expect(try await shell("\(command) get namespaces").contains("kube-system"))
        }
    }
}

extension ControlPlaneServerTests.Running {
    var port: Int { Int(server.url.split(separator: ":").last ?? "") ?? 0 }
}

private let threads = {
    let pool = NIOThreadPool(numberOfThreads: 16)
    pool.start()
    return pool
}()

/// What a command prints, errors included.
func shell(_ command: String) async throws -> String {
    try await threads.runIfActive {
        guard let pipe = popen(command + " 2>&1", "r") else { return "popen: \(errno)" }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

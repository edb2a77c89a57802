internal import APIMachinery
internal import Storage

extension APIServer {
    /// `/healthz`, `/livez`, `/readyz`, each with its checks by name below it.
    func health(_ request: APIRequest, _ segments: [String]) async -> APIResponse {
        let endpoint = segments[0]
        let checks = checks(of: endpoint)
        if segments.count > 1 {
            let name = segments.dropFirst().joined(separator: "/")
            guard let check = checks.first(where: { $0.name == name }) else { return .pathNotFound }
            return await report([check], endpoint: name, isVerbose: false, excluded: [])
        }
        let excluded = Set(request.query.filter { $0.name == "exclude" }.map(\.value))
        return await report(checks, endpoint: endpoint, isVerbose: request.parameter("verbose") != nil, excluded: excluded)
    }

    /// What `/readyz` asks, answered; a problem of nil is none.
    package func readiness() async -> [(name: String, problem: String?)] {
        var results: [(name: String, problem: String?)] = []
        for (name, check) in checks(of: "readyz") { results.append((name, await check())) }
        return results
    }

    private func checks(of endpoint: String) -> [(name: String, check: @Sendable () async -> String?)] {
        let storage = storage
        var checks: [(name: String, check: @Sendable () async -> String?)] = [("ping", { nil }), ("log", { nil })]
        checks.append((endpoint == "readyz" ? "storage-readiness" : "etcd", { await Self.checkStorage(storage) }))
        if endpoint != "livez" { checks += configuration.readyChecks }
        return checks
    }

    private static func checkStorage(_ storage: any StorageBackend) async -> String? {
        do throws(StorageError) {
            _ = try await storage.get("/registry/health", at: nil)
            return nil
        } catch {
            return error.description
        }
    }

    private func report(
        _ checks: [(name: String, check: @Sendable () async -> String?)], endpoint: String, isVerbose: Bool, excluded: Set<String>
    ) async -> APIResponse {
        var lines = ""
        var failed = false
        for (name, check) in checks {
            if excluded.contains(name) {
                lines += "[+]\(name) excluded: ok\n"
            } else if let problem = await check() {
                failed = true
                lines += "[-]\(name) failed: \(problem.isEmpty ? "reason withheld" : problem)\n"
            } else {
                lines += "[+]\(name) ok\n"
            }
        }
        if failed { return .text("\(lines)\(endpoint) check failed\n", status: 500) }
        return .text(isVerbose ? "\(lines)\(endpoint) check passed\n" : "ok")
    }
}

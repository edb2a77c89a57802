internal import APIMachinery
internal import ControlPlane
internal import Glibc

/// What a running control plane answers.
struct ControlAnswers: Sendable {
    let server: ControlPlaneServer
    /// When the daemon was ready.
    let startTime: Timestamp

    func answer(_ question: ControlQuestion) async -> JSONValue {
        switch question {
        case .status: json(await server.status())
        case .snapshot(let path): await snapshot(to: path)
        }
    }

    static func failure(_ message: String) -> JSONValue { ["error": .string(message)] }

    private func snapshot(to path: String) async -> JSONValue {
        do {
            return ["revision": .integer(try await server.saveSnapshot(to: path))]
        } catch {
            return Self.failure("\(error)")
        }
    }

    /// The member `controlPlane` of `swiftlet status -o json`.
    private func json(_ status: ControlPlaneStatus) -> JSONValue {
        // Member by member: as one literal it takes the compiler minutes.
        var object = JSONObject()
        object["state"] = "running"
        object["pid"] = .integer(Int64(getpid()))
        object["startTime"] = .string(startTime.description)
        object["version"] = .string(Version.number)
        object["url"] = .string(status.url)
        object["kubeconfig"] = .string(status.kubeconfigPath)
        object["ready"] = .bool(status.isReady)
        object["connections"] = .integer(Int64(status.connectionCount))
        object["store"] = store(status)
        object["checks"] = .array(status.checks.map { json($0) })
        var counts = JSONObject()
        for entry in status.objects { counts[entry.resource] = .integer(Int64(entry.count)) }
        object["objects"] = .object(counts)
        return .object(object)
    }

    private func store(_ status: ControlPlaneStatus) -> JSONValue {
        var object = JSONObject()
        object["kind"] = .string(status.store)
        object["revision"] = .integer(status.revision)
        object["oldestRevision"] = .integer(status.oldestRevision)
        if let bytes = status.storeBytes { object["sizeBytes"] = .integer(Int64(bytes)) }
        return .object(object)
    }

    private func json(_ check: ControlPlaneStatus.Check) -> JSONValue {
        var object = JSONObject()
        object["name"] = .string(check.name)
        object["ok"] = .bool(check.problem == nil)
        if let problem = check.problem { object["message"] = .string(problem) }
        return .object(object)
    }
}

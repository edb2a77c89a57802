internal import APIMachinery
internal import ControlPlane
internal import Glibc
internal import Kubelet
internal import KubernetesAPI

/// What a running control plane answers.
struct ControlAnswers: Sendable {
    let server: ControlPlaneServer
    /// nil: this process has none.
    let agent: NodeAgent?
    /// When the daemon was ready.
    let startTime: Timestamp
    let loops: ControlLoops

    func answer(_ question: ControlQuestion) async -> JSONValue {
        switch question {
        case .status: json(await server.status())
        case .snapshot(let path): await snapshot(to: path)
        case .pod(let namespace, let name):
            await NodeAnswers(loops: loops, kubelet: agent?.kubelet).answer(namespace: namespace, name: name)
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
        if let node = agent?.kubelet.nodeObject { object["node"] = json(node) }
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

    private func json(_ node: Node) -> JSONValue {
        var object = JSONObject()
        object["name"] = .string(node.metadata.name ?? "")
        let ready = node.status.conditions.first { $0.type == "Ready" }
        object["ready"] = .bool(ready?.status == "True")
        if let message = ready?.message { object["message"] = .string(message) }
        object["addresses"] = .array(node.status.addresses.filter { $0.type == "InternalIP" }.map { .string($0.address) })
        if let range = node.spec.podCIDR { object["podCIDR"] = .string(range) }
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

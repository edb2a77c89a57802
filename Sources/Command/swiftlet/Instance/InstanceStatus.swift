internal import APIMachinery
internal import Glibc
internal import KubernetesAPI

/// The daemons of an instance at one moment.
struct InstanceStatus {
    /// `{"controlPlane": {"state": …}, "agent": {"state": …}, "pods": {"Running": 2}}`; a state is running, starting or stopped. The pods are
    /// those of this machine, by what `ps` shows as their status.
    let json: JSONValue

    static func look(runDirectory: String) throws -> InstanceStatus {
        var json = JSONObject()
        json["controlPlane"] = daemon(.server, runDirectory)
        if json["controlPlane"]?["pid"] != nil, let answer = try ControlSocket.ask(.status, runDirectory: runDirectory) {
            json["controlPlane"] = answer
        }
        json["agent"] = daemon(.agent, runDirectory)
        // Only root may read their records.
        if let pods = try? PodRecords(runDirectory: runDirectory).all(report: { _ in }) { json["pods"] = counts(pods) }
        return InstanceStatus(json: .object(json))
    }

    private static func counts(_ pods: [Pod]) -> JSONValue {
        let statuses = Dictionary(grouping: pods) { PodSummary.status(of: $0) }
        return .object(
            JSONObject(members: statuses.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .integer(Int64($0.value.count))) }))
    }

    /// As its pid file tells: one that does not answer questions yet is starting.
    private static func daemon(_ role: DaemonFile.Role, _ runDirectory: String) -> JSONValue {
        var json = JSONObject()
        let pid = DaemonFile(runDirectory: runDirectory, role: role).running
        let alive: JSONValue = role == .server ? "starting" : "running"
        json["state"] = pid == nil ? "stopped" : alive
        if let pid { json["pid"] = .integer(Int64(pid)) }
        return .object(json)
    }

    var isReady: Bool { json["controlPlane"]?["ready"]?.boolValue == true }

    /// For people.
    var text: String {
        let controlPlane = json["controlPlane"] ?? .null
        var lines = [("Control plane:", daemon(controlPlane))]
        if let store = controlPlane["store"] {
            lines += [
                ("API server:", controlPlane["url"]?.stringValue ?? ""), ("Kubeconfig:", controlPlane["kubeconfig"]?.stringValue ?? ""),
                ("Store:", self.store(store)), ("Connections:", "\(controlPlane["connections"]?.integerValue ?? 0)"),
            ]
        }
        lines.append(("Agent:", daemon(json["agent"] ?? .null)))
        if let node = controlPlane["node"] { lines.append(("Node:", self.node(node))) }
        if let pods = json["pods"]?.objectValue, json["agent"]?["pid"] != nil || !pods.isEmpty {
            let counts = pods.members.map { "\($0.value.integerValue ?? 0) \($0.key)" }
            lines.append(("Pods:", counts.isEmpty ? "none" : counts.joined(separator: ", ")))
        }
        let width = (lines.map(\.0.count).max() ?? 0) + 2
        let head = lines.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 }
        return (head + tables(controlPlane)).joined(separator: "\n")
    }

    private func daemon(_ daemon: JSONValue) -> String {
        var text = daemon["state"]?.stringValue ?? "unknown"
        if let pid = daemon["pid"]?.integerValue { text += ", pid \(pid)" }
        if let start = daemon["startTime"]?.stringValue.flatMap({ Timestamp($0) }) {
            text += ", for \(shortAge(nanoseconds: Timestamp.now().nanosecondsSinceEpoch - start.nanosecondsSinceEpoch))"
        }
        return daemon["ready"]?.boolValue == false ? text + ", not ready" : text
    }

    private func node(_ node: JSONValue) -> String {
        var text = node["name"]?.stringValue ?? ""
        text += node["ready"]?.boolValue == true ? ", ready" : ", not ready: \(node["message"]?.stringValue ?? "nothing is known of it")"
        let addresses = node["addresses"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if !addresses.isEmpty { text += ", \(addresses.joined(separator: " "))" }
        if let range = node["podCIDR"]?.stringValue { text += ", pods \(range)" }
        return text
    }

    private func store(_ store: JSONValue) -> String {
        var text = "\(store["kind"]?.stringValue ?? ""), revision \(store["revision"]?.integerValue ?? 0)"
        text += " (the past from \(store["oldestRevision"]?.integerValue ?? 0) on)"
        if let bytes = store["sizeBytes"]?.integerValue { text += ", \((bytes + 1023) / 1024) KiB" }
        return text
    }

    private func tables(_ controlPlane: JSONValue) -> [String] {
        guard let found = controlPlane["checks"]?.arrayValue, let counts = controlPlane["objects"]?.objectValue else { return [] }
        var checks = Table(header: ["CHECK", "STATUS"])
        checks.rows = found.map { check in
            [check["name"]?.stringValue ?? "", check["ok"]?.boolValue == true ? "ok" : check["message"]?.stringValue ?? "failed"]
        }
        var objects = Table(header: ["RESOURCE", "OBJECTS"])
        objects.rows = counts.members.map { [$0.key, "\($0.value.integerValue ?? 0)"] }
        return ["", checks.text, "", objects.text]
    }
}

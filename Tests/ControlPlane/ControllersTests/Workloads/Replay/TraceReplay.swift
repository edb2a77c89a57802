import APIMachinery
import Controllers
import KubernetesAPI
import KubernetesClient
import TestSupport

/// Plays a recording: does what the client, the scheduler, the node agent and others did, waits for what the controllers did, and compares.
struct TraceReplay {
    let trace: Trace
    let cluster: WorkloadCluster
    /// By the name of their account, the controllers that run.
    let controllers: Set<String>
    var known = Placeholders()
    var problems: [String] = []
    private var manifests: ArraySlice<JSONValue>
    private var steps: ArraySlice<(time: Double, text: String)>
    private var finals: ArraySlice<JSONValue>
    private let node = "node1"

    init(_ trace: Trace, _ cluster: WorkloadCluster, controllers: Set<String>) {
        self.trace = trace
        self.cluster = cluster
        self.controllers = controllers
        manifests = trace.manifests[...]
        steps = trace.steps.filter { !$0.text.hasPrefix("answer") && !$0.text.hasPrefix("logs") }[...]
        finals = trace.finals.filter { $0["at"] != nil }.sorted { ($0["at"]?.doubleValue ?? 0) < ($1["at"]?.doubleValue ?? 0) }[...]
    }

    mutating func run() async throws {
        for write in trace.writes {
            try await letCatchUp(before: write)
            while let final = finals.first, let at = final["at"]?.doubleValue, at <= write.time, write.by == "client" {
                finals.removeFirst()
                cluster.time.advance(to: .seconds(at))
                try await check(final)
            }
            cluster.time.advance(to: .seconds(write.time))
            guard write.code == nil || write.code ?? 0 < 400 else { continue }
            if controllers.contains(write.by) {
                try await expect(write)
                note(write)
            } else {
                do { try await act(write) } catch { problems.append("write \(write.number): \(error)") }
            }
        }
        for final in trace.finals where final["at"] == nil || finals.contains(final) { try await check(final) }
        try await checkEvents()
    }

    // MARK: The controllers' pace

    /// What the recorded controllers had said of each object so far, by its path: field → value.
    private var said: [String: [String: JSONValue]] = [:]
    private var lastTime = 0.0

    private mutating func note(_ write: Trace.Write) {
        guard write.sub == "status", write.verb == "update" else { return }
        let path = "\(write.resource)/\(write.name)"
        for (field, value) in write.changed?.objectValue?.members.map({ ($0.key, $0.value) }) ?? [] where field.hasPrefix("status.") {
            // A condition that is new stands there as a whole.
            let whole = field == "status.conditions" ? value.arrayValue ?? [] : value["type"] != nil ? [value] : []
            for condition in whole {
                guard let type = condition["type"]?.stringValue else { continue }
                said[path, default: [:]]["status.conditions[\(type)].status"] = condition["status"]
            }
            said[path, default: [:]][field] = value
        }
    }

    /// Before the client acts, and before much time passes, the controllers have said what the recorded ones had said by then. They say it
    /// of what is then: time that runs ahead of them would change what they find. What is missing after that is found where it is compared.
    private mutating func letCatchUp(before write: Trace.Write) async throws {
        defer { lastTime = max(lastTime, write.time) }
        guard write.by == "client" || write.time - lastTime >= 0.5 else { return }
        let waited = said
        said = [:]
        for (path, fields) in waited.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/", maxSplits: 1).map { String($0) }
            let name = known.filled(parts[1])
            let left = Duration.seconds(write.time) - cluster.time.now
            _ = try await cluster.settle(patience: max(left, .zero), seconds: 2) {
                guard let shown = try await object(parts[0], name) else { return true }
                return fields.allSatisfy { Self.shows(shown, $0.key, $0.value) }
            }
        }
    }

    /// Whether a count, or the status or reason of a condition, is as was said: `status.replicas`, `status.conditions[Available].status`.
    private static func shows(_ object: JSONValue, _ field: String, _ value: JSONValue) -> Bool {
        let parts = field.split(separator: ".").map { String($0) }
        if parts.count == 2 {
            let shown = object["status"]?[parts[1]] ?? .null
            return value.integerValue == nil && !value.isNull || shown == value || (value.integerValue == 0 && shown.isNull)
        }
        guard parts.count == 3, parts[1].hasPrefix("conditions["), ["status", "reason"].contains(parts[2]) else { return true }
        let type = parts[1].dropFirst("conditions[".count).dropLast()
        return object["status"]?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == String(type) }?[parts[2]] == value
    }

    // MARK: What others do

    private mutating func act(_ write: Trace.Write) async throws {
        switch (write.by, write.verb) {
        case ("client", _): try await actAsClient(write)
        case ("kube-scheduler", "create"):
            let pod = Pod {
                $0.metadata.name = known.filled(write.name); $0.metadata.namespace = WorkloadCluster.namespace
            }
            let target = write.body?["target"]?["name"]?.stringValue ?? node
            try await SimulatedNode(cluster: cluster).bind(pod, to: target)
        case ("kubelet", "patch"): try await patchStatus(write)
        case ("kube-scheduler", "patch"): break  // why a pod can't be placed: no controller acts on it
        case (_, "delete"): try await send("DELETE", write, deleteOptions(write))
        case ("generic-garbage-collector", "patch"), (_, "update"):
            try await patchMetadata(write)
        default: problems.append("write \(write.number): nobody plays \(write.by) \(write.verb)")
        }
    }

    private mutating func actAsClient(_ write: Trace.Write) async throws {
        guard let step = steps.popFirst() else { throw TraceError(description: "no step for write \(write.number)") }
        switch write.verb {
        case "create":
            guard let manifest = manifests.popFirst() else { throw TraceError(description: "no manifest for write \(write.number)") }
            _ = try await send("POST", path(write.resource, nil, nil), manifest, type: "application/json")
        case "patch":
            let parts = step.text.split(separator: " ", maxSplits: 3)
            guard parts.count == 4, let body = try? JSONValue(parsing: String(parts[3])) else {
                throw TraceError(description: "step \(step.text)")
            }
            _ = try await send(
                "PATCH", path(write.resource, known.filled(write.name), write.sub), body, type: PatchKind.strategicMerge.rawValue)
        case "delete": try await send("DELETE", write, deleteOptions(write))
        default: throw TraceError(description: "step \(step.text)")
        }
    }

    private func deleteOptions(_ write: Trace.Write) -> JSONValue {
        var options = write.body ?? [:]
        options["preconditions"] = nil
        options["apiVersion"] = "v1"
        options["kind"] = "DeleteOptions"
        return options
    }

    /// What the node agent said: the phase, readiness, how containers ended.
    private mutating func patchStatus(_ write: Trace.Write) async throws {
        let name = known.filled(write.name)
        let pod = try await cluster.resource(Pod.self).get(name)
        var status: JSONValue = [:]
        var container =
            pod.status.containerStatuses.first?.json ?? [
                "name": "c", "image": "c", "imageID": "c", "ready": false, "restartCount": 0, "state": [:], "lastState": [:],
            ]
        var isContainerChanged = false
        for (path, value) in write.changed?.objectValue?.members.map({ ($0.key, $0.value) }) ?? [] {
            switch path {
            case "status.phase": status["phase"] = value
            case "status.conditions[Ready].status":
                let now: JSONValue = .string(cluster.time.wallTime.description)
                status["conditions"] = [["type": "Ready", "status": value, "lastTransitionTime": now]]
            case "status.containerStatuses[c].state.terminated":
                container["state"] = value.isNull ? ["running": [:]] : ["terminated": timed(value)]
                isContainerChanged = true
            case "status.containerStatuses[c].lastState.terminated":
                container["lastState"] = ["terminated": timed(value)]
                isContainerChanged = true
            case "status.containerStatuses[c].restartCount":
                container["restartCount"] = value
                isContainerChanged = true
            default: continue
            }
        }
        if isContainerChanged { status["containerStatuses"] = [container] }
        _ = try await send("PATCH", path("pods", name, "status"), ["status": status], type: PatchKind.strategicMerge.rawValue)
    }

    /// `<T+1.5>` is so many seconds after the start.
    private func timed(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text) where text.hasPrefix("<T"):
            let seconds = Double(text.dropFirst(2).dropLast()) ?? 0
            let start = cluster.time.wallTime - cluster.time.now
            return .string((start + .seconds(seconds)).description)
        case .object(let object):
            var result = JSONObject()
            for member in object.members { result.append(member.key, timed(member.value)) }
            return .object(result)
        default: return value
        }
    }

    private mutating func patchMetadata(_ write: Trace.Write) async throws {
        var patch: JSONValue = [:]
        for member in write.changed?.objectValue?.members ?? [] {
            switch member.key {
            case "metadata.ownerReferences": patch["metadata"] = ["ownerReferences": .null]
            case "metadata.finalizers": patch["metadata"] = ["finalizers": .null]
            default: continue
            }
        }
        guard patch.objectValue?.isEmpty == false else { return }
        _ = try await send("PATCH", path(write.resource, known.filled(write.name), nil), patch, type: PatchKind.merge.rawValue)
    }

    // MARK: What the controllers do

    private mutating func expect(_ write: Trace.Write) async throws {
        switch (write.verb, write.resource) {
        case ("create", _): try await expectCreate(write)
        case ("delete", "pods"): try await expectPodDelete(write)
        case ("delete", "jobs"), ("delete", "replicasets"):
            let name = known.filled(write.name)
            if try await !cluster.settle({
                try await object(write.resource, name).map { $0["metadata"]?["deletionTimestamp"] != nil } ?? true
            }) {
                problems.append("write \(write.number): \(write.resource) \(name) was not deleted")
            }
        default: break
        }
    }

    private mutating func expectCreate(_ write: Trace.Write) async throws {
        var found: RecordingTransport.Write?
        let seen = used
        _ = try await cluster.settle(patience: .seconds(12)) {
            found =
                cluster.recorder.writes.enumerated().first { index, own in
                    guard own.method == "POST", own.status == 201, !seen.contains(index), own.path.hasSuffix("/\(write.resource)"),
                        let name = own.answer?["metadata"]?["name"]?.stringValue
                    else { return false }
                    var copy = known
                    return copy.unify(write.name, name)
                }?.element
            return found != nil
        }
        guard let found, let answer = found.answer, let name = answer["metadata"]?["name"]?.stringValue else {
            return problems.append("write \(write.number): \(write.resource) \(known.filled(write.name)) was not created")
        }
        markUsed(found)
        _ = known.unify(write.name, name)
        guard let body = write.body else { return }
        var shown = answer
        // The server's own, which a recorded request doesn't have.
        shown["status"] = nil
        let wanted = without(body, ["status"])
        for difference in known.differences(wanted, shown) {
            problems.append("write \(write.number): create \(write.resource) \(name): \(difference)")
        }
    }

    private func without(_ value: JSONValue, _ names: [String]) -> JSONValue {
        var value = value
        for name in names { value[name] = nil }
        return value
    }

    private var used: Set<Int> = []

    private mutating func markUsed(_ write: RecordingTransport.Write) {
        let index = cluster.recorder.writes.firstIndex { $0.path == write.path && $0.answer == write.answer && $0.method == write.method }
        if let index { used.insert(index) }
    }

    /// Which of several pods that are alike goes is chance.
    private mutating func expectPodDelete(_ write: Trace.Write) async throws {
        var deleted: [String] = []
        let wanted = known.filled(write.name)
        let before = usedDeletes
        let isThere = try await cluster.settle {
            deleted = cluster.recorder.writes.filter { $0.method == "DELETE" && $0.status < 300 && $0.path.contains("/pods/") }
                .compactMap { $0.path.split(separator: "/").last.map { String($0) } }
            for name in before { if let index = deleted.firstIndex(of: name) { deleted.remove(at: index) } }
            // A name that was not made up tells which one it must be.
            return wanted == write.name ? deleted.contains(wanted) : !deleted.isEmpty
        }
        guard isThere, let name = deleted.contains(wanted) ? wanted : deleted.first else {
            return problems.append("write \(write.number): pod \(wanted) was not deleted")
        }
        usedDeletes.append(name)
        guard name != wanted else { return }
        // The last placeholder is the pod's own.
        guard let own = Placeholders.pieces(write.name).last(where: { $0.isPlaceholder })?.text,
            let other = known.values.first(where: { name.hasSuffix($0.value) && $0.key.hasPrefix("<r") })?.key
        else { return problems.append("write \(write.number): pod \(name) was deleted instead of \(wanted)") }
        known.swap(own, other)
    }

    private var usedDeletes: [String] = []

    // MARK: What came of it

    private mutating func check(_ final: JSONValue) async throws {
        guard let kind = final["kind"]?.stringValue, let pattern = final["name"]?.stringValue,
            let resource = Self.plurals[kind]
        else { return }
        let name = known.filled(pattern)
        var wanted: JSONValue = [:]
        for part in ["metadata", "status", "spec", "data"] where kind != "Pod" || part == "metadata" { wanted[part] = final[part] }
        if kind == "Pod" { wanted["metadata"]?["generation"] = nil }
        wanted = sorted(wanted)
        var differences: [String] = []
        var learned = known
        let isSo = try await cluster.settle(patience: .seconds(3), seconds: 4) {
            learned = known
            let got = try await object(resource, name).map(sorted)
            differences = learned.differences(wanted, got) + surplus(wanted, got)
            return differences.isEmpty
        }
        known = learned
        if !isSo { problems += differences.map { "final \(kind) \(name): \($0)" } }
    }

    /// Conditions by type: which of two stands first tells only which was touched last on the way.
    private func sorted(_ object: JSONValue) -> JSONValue {
        guard let conditions = object["status"]?["conditions"]?.arrayValue else { return object }
        var object = object
        object["status"]?["conditions"] = .array(
            conditions.sorted { ($0["type"]?.stringValue ?? "") < ($1["type"]?.stringValue ?? "") })
        return object
    }

    /// Counts that the recording does not have must not be there.
    private func surplus(_ wanted: JSONValue, _ got: JSONValue?) -> [String] {
        guard let status = wanted["status"]?.objectValue else { return [] }
        return (got?["status"]?.objectValue?.members ?? []).filter { status[$0.key] == nil && !$0.value.isNull }.map {
            ".status.\($0.key): not wanted: \($0.value)"
        }
    }

    private func object(_ resource: String, _ name: String) async throws -> JSONValue? {
        do throws(ClientError) {
            return try await cluster.client.object(APIRequest(method: "GET", path: path(resource, name, nil)))
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    private mutating func checkEvents() async throws {
        var wanted: [String] = []
        for event in trace.events
        where controllers.contains(event["from"]?.stringValue ?? "") || Self.sources.contains(event["from"]?.stringValue ?? "") {
            let text = ["type", "reason", "message", "on"].map { known.filled(event[$0]?.stringValue ?? "") }.joined(separator: " | ")
            wanted += Array(repeating: text, count: Int(event["count"]?.integerValue ?? 1))
        }
        wanted.sort()
        var got: [String] = []
        _ = try await cluster.settle(patience: .zero, seconds: 2) {
            got = try await cluster.list(Event.self).flatMap { event -> [String] in
                let object = "\(event.involvedObject.kind ?? "")/\(event.involvedObject.name ?? "")"
                let text = "\(event.type ?? "") | \(event.reason ?? "") | \(event.message ?? "") | \(object)"
                return Array(repeating: text, count: Int(event.count ?? 1))
            }.sorted()
            return got == wanted
        }
        for line in wanted where !got.contains(line) { problems.append("event missing: \(line)") }
        for line in got where !wanted.contains(line) { problems.append("event not wanted: \(line)") }
        if Set(got) == Set(wanted), got.count != wanted.count { problems.append("events: \(wanted.count) wanted, \(got.count) told") }
    }

    private static let sources: Set = ["daemonset-controller"]
    private static let plurals = [
        "Deployment": "deployments", "ReplicaSet": "replicasets", "Pod": "pods", "ReplicationController": "replicationcontrollers",
        "Job": "jobs", "CronJob": "cronjobs", "DaemonSet": "daemonsets", "StatefulSet": "statefulsets",
        "ControllerRevision": "controllerrevisions", "PersistentVolumeClaim": "persistentvolumeclaims",
    ]

    // MARK: Requests

    private func path(_ resource: String, _ name: String?, _ sub: String?) -> String {
        let served = ServedResource.builtIn.first {
            $0.plural == resource && $0.kind.version == "v1" && ["", "apps", "batch"].contains($0.kind.group)
        }
        let group = served?.kind.group ?? ""
        let root = group.isEmpty ? "/api/v1" : "/apis/\(group)/v1"
        let isNode = resource == "nodes"
        return root + (isNode ? "" : "/namespaces/\(WorkloadCluster.namespace)") + "/\(resource)" + (name.map { "/\($0)" } ?? "")
            + (sub.map { "/\($0)" } ?? "")
    }

    private func send(_ method: String, _ write: Trace.Write, _ body: JSONValue) async throws {
        do throws(ClientError) {
            _ = try await send(method, path(write.resource, known.filled(write.name), write.sub), body, type: "application/json")
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    private func send(_ method: String, _ path: String, _ body: JSONValue, type: String) async throws(ClientError) -> JSONValue {
        var request = APIRequest(method: method, path: path)
        request.headers["Content-Type"] = type
        request.body = body.serialized()
        return try await cluster.client.object(request)
    }
}

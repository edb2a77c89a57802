import APIMachinery
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@testable import Scheduler

/// The scheduler does in each recorded scenario what the real one did: the same events and the same writes about each object, word for word.
@Suite(.enabled(if: Trace.folder != nil, "set SWIFTLET_RECORDED to the folder of recordings"))
struct ReplayTests {
    static let scenarios = [
        "scheduler-affinity", "scheduler-insufficient", "scheduler-mixed", "scheduler-no-nodes", "scheduler-ok",
        "scheduler-other-scheduler-name", "scheduler-pod-affinity", "scheduler-preemption", "scheduler-preemption-never",
        "scheduler-taints",
        "scheduler-too-many-pods", "scheduler-topology-spread", "scheduler-unschedulable", "scheduler-volumes", "scheduler-wakes-up",
        "pv-wait-for-first-consumer",
    ]

    @Test(arguments: scenarios)
    func `a recorded scenario repeats itself`(name: String) async throws {
        let trace = try Trace(name)
        let cluster = try await TestCluster()
        let replay = Replay(trace: trace, cluster: cluster)
        if name == "pv-wait-for-first-consumer" {
            try await cluster.create(.node("node1"))
            try await cluster.removeTaints("node1")
        }
        try await cluster.scheduling { try await replay.run() }
        try await replay.compare()
    }
}

/// Plays the client of a scenario, and the controllers that are not there.
struct Replay: Sendable {
    let trace: Trace
    let cluster: TestCluster

    func run() async throws {
        var manifests = trace.manifests[...]
        for (index, step) in trace.steps.enumerated() {
            // A recorded node had been ready for a while when pods came, except where a pod waited for it.
            let words = step.text.split(separator: " ", maxSplits: 3).map(String.init)
            switch words.first {
            case "create": try await create(try #require(manifests.popFirst()))
            case "delete": try await delete(words)
            case "bind": try await bind(words[1], to: words[3])
            default: Issue.record("unknown step \(step.text)")
            }
            if index + 1 < trace.steps.count, trace.steps[index + 1].seconds > step.seconds + 0.2 {
                try await applyForeignWrites(until: trace.steps[index + 1].seconds)
                try await waitForEvents(before: trace.steps[index + 1].seconds)
            }
        }
        try await applyForeignWrites(until: .infinity)
        try await waitForEvents(before: .infinity)
        try await settle()
    }

    /// Of the events that the scheduler wrote before the next step, each must be there.
    private func waitForEvents(before seconds: Double) async throws {
        let expected = Set(trace.events.filter { $0.from == "default-scheduler" && $0.seconds < seconds }.map { shape($0) })
        try await soon("\(trace.name): \(expected.sorted()) before \(seconds)") {
            let seen = Set(try await cluster.events().map { shape($0) })
            return expected.isSubset(of: seen)
        }
    }

    /// What is decided after everything else, so that nothing is on its way any more.
    private func settle() async throws {
        try await cluster.create(.pod("last-of-all", spec: ["nodeSelector": ["never": "true"]]))
        try await soon("the end") { try await cluster.events().contains { $0.involvedObject.name == "last-of-all" } }
    }

    private func create(_ manifest: JSONValue) async throws {
        try await cluster.create(manifest)
        guard manifest["kind"]?.stringValue == "Node" else { return }
        let name = manifest["metadata"]?["name"]?.stringValue ?? ""
        let isReady = (manifest["status"]?["conditions"]?.arrayValue ?? []).contains { $0["status"]?.stringValue == "True" }
        if trace.name == "scheduler-wakes-up", name == "n2" { try await waitForUntoleratedTaint() }
        if isReady { try await cluster.removeTaints(name) }
    }

    private func waitForUntoleratedTaint() async throws {
        try await soon("the taint is seen") {
            try await cluster.events().contains { $0.message?.contains("untolerated taint") ?? false }
        }
    }

    private func delete(_ words: [String]) async throws {
        let namespaced = words[1] == "pods"
        let path = namespaced ? "/api/v1/namespaces/ns/\(words[1])/\(words[2])" : base(words[1]) + words[2]
        try await cluster.send("DELETE", path, words.count > 3 ? try JSONValue(parsing: words[3]) : nil)
    }

    private func base(_ plural: String) -> String {
        plural == "storageclasses" ? "/apis/storage.k8s.io/v1/storageclasses/" : "/api/v1/\(plural)/"
    }

    private func bind(_ pod: String, to node: String) async throws {
        try await cluster.send(
            "POST", "/api/v1/namespaces/ns/pods/\(pod)/binding",
            ["apiVersion": "v1", "kind": "Binding", "target": ["kind": "Node", "name": .string(node)]])
    }

    // MARK: The persistent volume controller

    private func applyForeignWrites(until seconds: Double) async throws {
        let writes = trace.writes.filter {
            $0["by"]?.stringValue == "persistent-volume-binder" && ($0["t"]?.doubleValue ?? 0) < seconds
                && $0["verb"]?.stringValue == "update"
        }
        for write in writes {
            // The controller completes what the scheduler began.
            if trace.name == "pv-wait-for-first-consumer", (write["t"]?.doubleValue ?? 0) >= 2 { try await waitForClaimRef() }
            let name = write["name"]?.stringValue ?? ""
            let isVolume = write["res"]?.stringValue == "persistentvolumes"
            let path = isVolume ? "/api/v1/persistentvolumes/\(name)" : "/api/v1/namespaces/ns/persistentvolumeclaims/\(name)"
            guard var object = try? await cluster.send("GET", path) else { continue }
            var patch = JSONValue.object(JSONObject())
            for member in write["changed"]?.objectValue?.members ?? [] { patch = patch.merging(Self.nested(member.key, member.value)) }
            if let claim = patch["spec"]?["claimRef"]?["name"]?.stringValue {
                let uid = try await cluster.client.resource(PersistentVolumeClaim.self, namespace: "ns").get(claim).metadata.uid ?? ""
                patch = patch.merging(["spec": ["claimRef": ["uid": .string(uid)]]])
            }
            object = try await cluster.send("GET", path)
            // A second time would change nothing.
            if object.merging(patch) == object { continue }
            let sub = write["sub"]?.stringValue.map { "/\($0)" } ?? ""
            try await cluster.send("PATCH", path + sub, patch, type: "application/merge-patch+json")
        }
    }

    private func waitForClaimRef() async throws {
        try await soon("the scheduler chooses the volume") {
            try await cluster.client.resource(PersistentVolume.self).get("v-local").spec.claimRef != nil
        }
    }

    /// `status.phase` → `{"status": {"phase": …}}`; times are not kept.
    private static func nested(_ path: String, _ value: JSONValue) -> JSONValue {
        if path.hasSuffix("Time") { return .object(JSONObject()) }
        return path.split(separator: ".").reversed().reduce(value) { .object(JSONObject(members: [.init(key: String($1), value: $0)])) }
    }

    // MARK: Comparison

    func compare() async throws {
        let events = try await cluster.events().sorted {
            ($0.metadata.resourceVersion.flatMap { Int($0) } ?? 0) < ($1.metadata.resourceVersion.flatMap { Int($0) } ?? 0)
        }
        // Of scenarios with a node agent the ordinary events were not kept.
        let isWhole = trace.name.hasPrefix("scheduler-")
        let seen = events.filter {
            $0.reportingComponent == "default-scheduler" && $0.involvedObject.name != "last-of-all" && (isWhole || $0.reason != "Scheduled")
        }
        let expected = trace.events.filter { $0.from == "default-scheduler" }
        #expect(
            byObject(seen.map { (object($0), shape($0)) }) == byObject(expected.map { ($0.object, shape($0)) }), "events of \(trace.name)")
        try compareWrites()
        try await compareFinals()
    }

    /// What became of each pod in the end.
    private func compareFinals() async throws {
        let last = Dictionary(
            trace.finals.filter { $0["kind"]?.stringValue == "Pod" }.map { ($0["name"]?.stringValue ?? "", $0["status"]) },
            uniquingKeysWith: { $1 })
        for (name, status) in last {
            guard let pod = try? await cluster.pod(name) else { continue }
            let seen = pod.status.json
            #expect(
                (seen["conditions"]?.arrayValue ?? []).map { conditionText($0) }
                    == (status?["conditions"]?.arrayValue ?? []).map { conditionText($0) },
                "conditions of \(name) in \(trace.name)")
            #expect(seen["nominatedNodeName"] == status?["nominatedNodeName"], "\(name) in \(trace.name)")
        }
    }

    private func compareWrites() throws {
        let expected = trace.writes.filter { $0["by"]?.stringValue == "kube-scheduler" }.map { write in
            (write["name"]?.stringValue ?? "", expectedWrite(write))
        }
        let seen = cluster.writes.map { write -> (String, String) in
            let parts = write.path.split(separator: "/").map(String.init)
            let start = (parts.firstIndex(of: "namespaces").map { $0 + 2 }) ?? 2
            let rest = Array(parts[start...])
            return (rest.count > 1 ? rest[1] : "", seenWrite(write, rest))
        }.filter { $0.0 != "last-of-all" }
        #expect(byObject(seen) == byObject(expected), "writes of \(trace.name)")
    }

    private func expectedWrite(_ write: JSONValue) -> String {
        let changed = write["changed"]
        var text = [write["verb"], write["res"], write["sub"]].compactMap { $0?.stringValue }.joined(separator: " ")
        let condition = changed?["status.conditions"]?[0] ?? changed?["status.conditions[DisruptionTarget]"]
        if let condition { text += " \(conditionText(condition))" }
        if let message = changed?["status.conditions[PodScheduled].message"]?.stringValue {
            text += " PodScheduled False Unschedulable 1 \(message)"
        }
        if let node = changed?["status.nominatedNodeName"]?.stringValue { text += " nominated \(node)" }
        if let node = write["body"]?["target"]?["name"]?.stringValue { text += " to \(node)" }
        if let claim = changed?["spec.claimRef"]?["name"]?.stringValue { text += " for \(claim)" }
        return text
    }

    private func seenWrite(_ write: TestCluster.Write, _ path: [String]) -> String {
        var text = ([write.verb, path[0]] + path.dropFirst(2)).joined(separator: " ")
        if let condition = write.body["status"]?["conditions"]?[0] { text += " \(conditionText(condition))" }
        if let node = write.body["status"]?["nominatedNodeName"]?.stringValue { text += " nominated \(node)" }
        if let node = write.body["target"]?["name"]?.stringValue { text += " to \(node)" }
        if let claim = write.body["spec"]?["claimRef"]?["name"]?.stringValue { text += " for \(claim)" }
        return text
    }

    private func conditionText(_ condition: JSONValue) -> String {
        let generation = condition["observedGeneration"]?.integerValue.map { "\($0)" } ?? "-"
        func text(_ key: String) -> String { condition[key]?.stringValue ?? "" }
        return "\(text("type")) \(text("status")) \(text("reason")) \(generation) \(text("message"))"
    }

    /// What was said about each object in its order; the same again right after is one.
    private func byObject(_ all: [(String, String)]) -> [String: [String]] {
        all.reduce(into: [:]) { result, one in
            if result[one.0]?.last != one.1 { result[one.0, default: []].append(one.1) }
        }
    }

    private func object(_ event: Event) -> String { "\(event.involvedObject.kind ?? "")/\(event.involvedObject.name ?? "")" }

    private func shape(_ event: Event) -> String {
        let message = Self.withoutUID(event.message ?? "")
        return "\(event.type ?? "") \(event.reason ?? "") \(event.action ?? "") \(event.reportingComponent ?? "") \(message)"
    }

    private func shape(_ event: Trace.RecordedEvent) -> String {
        "\(event.type) \(event.reason) \(event.action) \(event.from) \(Self.withoutUID(event.message))"
    }

    /// `Preempted by pod UID on node n1` without the UID.
    private static func withoutUID(_ message: String) -> String {
        guard message.hasPrefix("Preempted by pod ") else { return message }
        return "Preempted by pod on \(message.split(separator: " ").last ?? "")"
    }
}

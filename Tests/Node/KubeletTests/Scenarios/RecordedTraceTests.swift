import APIMachinery
import CRI
import Glibc
import KubernetesAPI
import Synchronization
import Testing

@testable import Kubelet

/// Pods that were run by a real kubelet, run again here: the status at a moment and the events have to be the same.
///
/// The recordings are no part of the project. `SWIFTLET_RECORDED_TRACES` names the directory that holds them.
private let directory = getenv("SWIFTLET_RECORDED_TRACES").map { String(cString: $0) }
private let reason: Comment = "SWIFTLET_RECORDED_TRACES names no directory with recorded traces"

struct RecordedScenario: Sendable, CustomTestStringConvertible {
    var name: String
    /// When to look, in seconds; with `deletes` the moment before.
    var at: Double
    var deletes = false
    var script: @Sendable (ContainerMetadata) -> ContainerScript = { _ in ContainerScript(stop: .exits(after: .zero, code: 0)) }
    var pullFailure: String?
    /// Also compares the events; not where ours come at other moments on purpose.
    var comparesEvents = true
    var testDescription: String { name }
}

private let startMessage =
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    + "unable to start container process: exec: \"/nope\": stat /nope: no such file or directory: unknown"
private let pullMessage =
    "failed to pull and unpack image \"registry.invalid/none:1\": failed to resolve reference \"registry.invalid/none:1\": "
    + "failed to do request: Head \"https://registry.invalid/v2/none/manifests/1\": dial tcp: lookup registry.invalid on <dns>: no such host"

private let scenarios: [RecordedScenario] = [
    RecordedScenario(name: "kubelet-run-delete", at: 2, deletes: true),
    RecordedScenario(name: "kubelet-exit-onfailure-0", at: 10, script: { _ in .exits(after: .seconds(1), code: 0) }),
    RecordedScenario(name: "kubelet-exit-onfailure-3", at: 13.3, script: { _ in .exits(after: .seconds(1), code: 3) }),
    RecordedScenario(name: "kubelet-image-never-pull", at: 1),
    RecordedScenario(name: "kubelet-image-missing", at: 10.5, pullFailure: pullMessage, comparesEvents: false),
    RecordedScenario(name: "kubelet-init-ok", at: 5, script: { $0.name == "c" ? .runsForever : .exits(after: .seconds(1), code: 0) }),
    RecordedScenario(name: "kubelet-init-fails-never", at: 5, script: { _ in .exits(after: .zero, code: 1) }),
    RecordedScenario(
        name: "kubelet-two-containers-one-exits", at: 10,
        script: { $0.name == "a" ? .exits(after: .seconds(1), code: 0) : .exits(after: .seconds(4), code: 1) }),
    RecordedScenario(name: "kubelet-active-deadline", at: 10, comparesEvents: false),
    RecordedScenario(
        name: "kubelet-sidecar-completes", at: 20,
        script: { $0.name == "main" ? .exits(after: .seconds(2), code: 0) : ContainerScript(stop: .exits(after: .zero, code: 0)) },
        comparesEvents: false),
    RecordedScenario(name: "kubelet-bad-config", at: 1),
    RecordedScenario(name: "kubelet-qos", at: 1),
    RecordedScenario(
        name: "kubelet-bad-command", at: 11.5,
        script: { _ in
            var script = ContainerScript()
            script.startFailure = startMessage
            return script
        }),
    RecordedScenario(
        name: "kubelet-poststart-fails", at: 11.5,
        script: { _ in
            var script = ContainerScript(stop: .exits(after: .zero, code: 0))
            script.commands["sh -c echo bad; exit 7"] = .init(exitCode: 7, output: "bad\n")
            return script
        }),
    RecordedScenario(name: "kubelet-crash-loop", at: 75.5, script: { _ in .exits(after: .seconds(1), code: 1) }, comparesEvents: false),
    RecordedScenario(
        name: "kubelet-init-fails-always", at: 20,
        script: { $0.name == "c" ? .runsForever : .exits(after: .zero, code: $0.attempt < 2 ? 1 : 0) }),
    RecordedScenario(
        name: "kubelet-sidecar-crash", at: 20,
        script: { $0.name == "main" ? .runsForever : $0.attempt < 2 ? .exits(after: .seconds(2), code: 5) : .runsForever }),
    RecordedScenario(
        name: "kubelet-oom", at: 10.5, script: { _ in ContainerScript(exit: .init(after: .zero, code: 137, outOfMemory: true)) },
        comparesEvents: false),
    RecordedScenario(name: "kubelet-exit-always-3", at: 13.3, script: { _ in .exits(after: .seconds(1), code: 3) }),
    RecordedScenario(
        name: "kubelet-restart-rules", at: 10,
        script: { $0.attempt == 0 ? .exits(after: .seconds(1), code: 42) : .exits(after: .zero, code: 1) }),
    RecordedScenario(
        name: "kubelet-liveness-exec-grace", at: 3.5,
        script: { _ in
            var script = ContainerScript(stop: .ignores)
            script.commands["sh -c echo sick; exit 2"] = .init(exitCode: 2, output: "sick\n")
            return script
        }),
    RecordedScenario(name: "kubelet-liveness-tcp", at: 1.5, comparesEvents: false),
    RecordedScenario(
        name: "kubelet-probe-timeout", at: 5.5,
        script: { _ in
            var script = ContainerScript(stop: .exits(after: .zero, code: 0))
            script.commands["sleep 5"] = .init(duration: .seconds(5))
            return script
        }),
    RecordedScenario(
        name: "kubelet-startup-then-ready", at: 8,
        script: { _ in
            var script = ContainerScript(stop: .exits(after: .zero, code: 0))
            script.command = { line, time in
                guard line == "cat /tmp/s", time < .milliseconds(2_900) else { return nil }
                return .init(exitCode: 1, output: "cat: can't open '/tmp/s': No such file or directory\n")
            }
            return script
        }),
    RecordedScenario(
        name: "kubelet-prestop-fails", at: 3.5, deletes: true,
        script: { _ in
            var script = ContainerScript(stop: .exits(after: .zero, code: 0))
            script.commands["false"] = .init(exitCode: 1)
            script.commands["sleep 20"] = .init(duration: .seconds(20))
            return script
        }),
]

@Suite(.enabled(if: directory != nil, reason)) struct RecordedTraceTests {
    @Test(arguments: scenarios) func `ends as recorded`(scenario: RecordedScenario) async throws {
        let trace = try RecordedTrace(path: "\(directory ?? "")/\(scenario.name).jsonl")
        var setup = SimulationSetup()
        setup.containers = { _, container in scenario.script(container) }
        setup.images = trace.images.filter { !$0.contains("invalid") }.map { reference in
            var image = Image(id: "sha256:\(reference)", size: 1)
            (image.repoTags, image.uid) = ([reference], 0)
            return image
        }
        setup.pullFailure = { _ in scenario.pullFailure }
        setup.configure = { configuration in configuration.objects = trace.objects }
        try await simulate(trace.pods, setup) { node in
            try await node.sleep(until: scenario.at)
            for pod in trace.pods {
                let ours = RecordedTrace.comparable(node.status(pod.uid).json)
                // Of a pod that was deleted at once there is no last status.
                if scenario.deletes, trace.finals[pod.name] == nil { continue }
                let recorded = trace.finals[pod.name] ?? .null
                #expect(ours == recorded, "status of \(pod.name)")
            }
            if scenario.deletes {
                for pod in trace.pods {
                    node.kubelet.delete(pod.uid)
                    await node.kubelet.waitUntilRemoved(pod.uid)
                }
            }
            guard scenario.comparesEvents else { return }
            let events = Set(node.recorder.events.map { "\($0.podName) \($0.kind.rawValue) \($0.reason) \($0.message) \($0.fieldPath)" })
            #expect(events == trace.events)
        }
    }
}

extension RecordedTraceTests {
    /// What a client that watches the pod sees of its containers, in order. The real one's times differ (see the trace's README): it shows a
    /// back-off sometimes a second after the end, sometimes only when the wait is nearly over.
    @Test(
        arguments: scenarios.filter {
            ["kubelet-crash-loop", "kubelet-exit-onfailure-3", "kubelet-init-ok"].contains($0.name)
        })
    func `containers go through the recorded states`(scenario: RecordedScenario) async throws {
        let trace = try RecordedTrace(path: "\(directory ?? "")/\(scenario.name).jsonl")
        var setup = SimulationSetup()
        setup.containers = { _, container in scenario.script(container) }
        setup.images = trace.images.map { reference in
            var image = Image(id: "sha256:\(reference)", size: 1)
            (image.repoTags, image.uid) = ([reference], 0)
            return image
        }
        let seen = SeenStates()
        try await simulate(trace.pods, setup) { node in
            let updates = node.kubelet.statusUpdates()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await pod in updates { seen.states.withLock { $0.add(pod.status.json) } } }
                try await node.sleep(until: scenario.at)
                group.cancelAll()
            }
        }
        let ours = seen.states.withLock { $0.lines }
        for (container, recorded) in trace.states.lines {
            #expect(Array((ours[container] ?? []).prefix(recorded.count)) == recorded, "states of \(container)")
        }
    }
}

/// What a watching task has noted.
private final class SeenStates: Sendable {
    let states = Mutex(ContainerStates())
}

/// The states that containers were shown in, one after the other.
struct ContainerStates: Sendable {
    /// By container: `running #0`, `terminated Error 1 #0`, `waiting CrashLoopBackOff: back-off 10s … #0`.
    private(set) var lines: [String: [String]] = [:]
    private var states: [String: JSONValue] = [:]

    mutating func add(_ status: JSONValue) {
        for list in ["initContainerStatuses", "containerStatuses"] {
            for container in status[list]?.arrayValue ?? [] { set(container["name"]?.stringValue ?? "", container) }
        }
    }

    /// A line of a recording: paths and their new values, null for what is gone.
    mutating func add(changes: JSONObject) {
        var touched: Set<String> = []
        for (path, value) in changes.members.map({ ($0.key, $0.value) }) {
            if path.hasSuffix("ontainerStatuses") {
                add(.object(JSONObject(members: [.init(key: String(path.dropFirst("status.".count)), value: value)])))
            }
            guard let open = path.firstIndex(of: "["), let close = path.firstIndex(of: "]"), path.contains("ontainerStatuses[") else {
                continue
            }
            let (name, field) = (String(path[path.index(after: open)..<close]), path[close...].dropFirst(2))
            var container = states[name] ?? [:]
            if field == "restartCount" { container["restartCount"] = value }
            if field.hasPrefix("state.") {
                var state = container["state"] ?? [:]
                let kind = String(field.dropFirst("state.".count))
                if value.isNull { state[kind] = nil } else { state[kind] = value }
                container["state"] = state
            }
            states[name] = container
            touched.insert(name)
        }
        for name in touched { set(name, states[name] ?? .null) }
    }

    private mutating func set(_ name: String, _ container: JSONValue) {
        states[name] = container
        let line = "\(Self.text(container["state"] ?? .null)) #\(container["restartCount"]?.integerValue ?? 0)"
        if lines[name]?.last != line { lines[name, default: []].append(line) }
    }

    private static func text(_ state: JSONValue) -> String {
        if let waiting = state["waiting"] {
            let reason = waiting["reason"]?.stringValue ?? ""
            return "waiting \(reason)" + (reason == "CrashLoopBackOff" ? ": \(waiting["message"]?.stringValue ?? "")" : "")
        }
        if let ended = state["terminated"] {
            return "terminated \(ended["reason"]?.stringValue ?? "") \(ended["exitCode"]?.integerValue ?? 0)"
        }
        return state["running"] == nil ? "nothing" : "running"
    }
}

/// What a recording has that can be compared.
struct RecordedTrace: Sendable {
    var pods: [Pod] = []
    var objects = LocalObjects()
    /// Comparable statuses by pod name.
    var finals: [String: JSONValue] = [:]
    var events: Set<String> = []
    var states = ContainerStates()
    var images: Set<String> { Set(pods.flatMap { ($0.spec.initContainers + $0.spec.containers).compactMap(\.image) }) }

    init(path: String) throws {
        let bytes = try #require(try PodFiles.read(path, maxBytes: 4 << 20))
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let json = try JSONValue(parsing: Array(line))
            if let manifest = json["manifest"] { add(manifest) }
            if let write = json["write"], write["by"]?.stringValue == "kubelet", case .object(let changes)? = write["changed"] {
                states.add(changes: changes)
            }
            if let event = json["event"], event["from"]?.stringValue == "kubelet" { add(event: event) }
            if let final = json["final"], final["kind"]?.stringValue == "Pod", let name = final["name"]?.stringValue {
                finals[name] = Self.comparable(final["status"] ?? .null)
            }
        }
        nameByMessages()
    }

    private mutating func add(_ manifest: JSONValue) {
        if manifest["kind"]?.stringValue == "ConfigMap", var map = ConfigMap.decode(manifest, options: .lenient).object {
            map.metadata.namespace = "ns"
            objects.add(map)
        }
        guard manifest["kind"]?.stringValue == "Pod", var pod = Pod.decode(manifest, options: .lenient).object else { return }
        pod.metadata.namespace = "ns"
        pod.metadata.generation = 1
        PodDefaults.apply(to: &pod)
        pod.metadata.uid = pod.name
        pods.append(pod)
    }

    private mutating func add(event: JSONValue) {
        func text(_ key: String) -> String { event[key]?.stringValue ?? "" }
        let pod = text("on").split(separator: "/").last ?? ""
        events.insert("\(pod) \(text("type")) \(text("reason")) \(text("message")) \(text("field"))")
    }

    /// The recorder wrote `<uid:N>` for UIDs; each pod gets the one that its messages have.
    private mutating func nameByMessages() {
        for index in pods.indices {
            let name = pods[index].name
            let texts = [finals[name]?.serializedText() ?? ""] + events
            let marker = "\(name)_ns(<uid:"
            guard let text = texts.first(where: { $0.contains(marker) }) else { continue }
            let rest = text[(text.firstRange(of: marker)?.upperBound ?? text.endIndex)...]
            pods[index].metadata.uid = "<uid:\(rest.prefix { $0.isNumber })>"
        }
    }

    /// Without times, ids and addresses.
    static func comparable(_ json: JSONValue) -> JSONValue {
        let dropped: Set<String> = [
            "lastTransitionTime", "startedAt", "finishedAt", "startTime", "containerID", "imageID", "podIP", "podIPs", "hostIP", "hostIPs",
            "resources", "allocatedResources", "observedGeneration",
        ]
        switch json {
        case .array(let values): return .array(values.map(comparable))
        case .object(let object):
            var result = JSONObject()
            for member in object.members.sorted(by: { $0.key < $1.key }) where !dropped.contains(member.key) {
                let value = comparable(member.value)
                // Go writes an empty lastState, we leave it out or not: the same. The recordings are without null, which times may be.
                if case .object(let empty) = value, empty.isEmpty { continue }
                if value.isNull { continue }
                result.append(member.key, value)
            }
            return .object(result)
        default: return json
        }
    }
}

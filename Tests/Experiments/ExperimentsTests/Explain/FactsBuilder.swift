import APIMachinery
import Kubelet
import KubernetesAPI

@testable import Experiments

/// Facts of a pod `default/web` with a container `app`, at noon.
struct FactsBuilder {
    static let now = Timestamp("2026-03-01T12:00:00Z")!
    var facts = PodFacts(namespace: "default", name: "web", now: now)

    /// - Parameters:
    ///   - spec, status, metadata: JSON that is merged into a pod that was bound to `node1` ten minutes ago.
    init(spec: String = "{}", status: String = "{}", metadata: String = "{}") throws {
        var json = try JSONValue(
            parsing: """
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "web", "namespace": "default", "uid": "u1", "creationTimestamp": "2026-03-01T11:50:00Z"},
                 "spec": {"nodeName": "node1", "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
                          "containers": [{"name": "app", "image": "registry.test/web:1", "command": ["/bin/serve"]}]},
                 "status": {"phase": "Pending", "startTime": "2026-03-01T11:50:01Z",
                            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-03-01T11:50:00Z"}]}}
                """)
        for (key, text) in [("spec", spec), ("status", status), ("metadata", metadata)] {
            json[key] = (json[key] ?? .null).merging(try JSONValue(parsing: text))
        }
        facts.pod = Pod.decode(json, options: .lenient).0
    }

    /// No pod.
    init() { facts.pod = nil }

    func event(
        _ reason: String, _ message: String, container: String? = nil, ago: Int64 = 10, count: Int32 = 1, of kind: String = "Pod",
        _ name: String = "web"
    ) -> FactsBuilder {
        var copy = self
        copy.facts.events.append(
            Event {
                $0.reason = reason
                $0.message = message
                $0.type = "Warning"
                $0.count = count
                $0.firstTimestamp = Self.now - .seconds(ago)
                $0.lastTimestamp = Self.now - .seconds(ago)
                $0.involvedObject.kind = kind
                $0.involvedObject.name = name
                $0.involvedObject.fieldPath = container.map { "spec.containers{\($0)}" }
            })
        return copy
    }

    func node(_ text: String?) throws -> FactsBuilder {
        var copy = self
        guard let text else {
            copy.facts.node = .missing
            return copy
        }
        copy.facts.node = .found(Node.decode(try JSONValue(parsing: text), options: .lenient).0 ?? Node())
        return copy
    }

    func claim(_ name: String, phase: String?) -> FactsBuilder {
        var copy = self
        copy.facts.claims[name] = phase.map { phase in .found(PersistentVolumeClaim { $0.status.phase = phase }) } ?? .missing
        return copy
    }

    /// - Parameter ago: When it began, in seconds before now; `took` nil: it goes on.
    func step(
        _ kind: PodStep.Kind, _ container: String = "", attempt: Int? = nil, ago: Double, took: Double?, failure: String = "",
        _ detail: String = ""
    ) -> FactsBuilder {
        var copy = self
        let begin = Self.now - .milliseconds(Int64(ago * 1_000))
        copy.facts.steps.append(
            PodStep(
                kind, container: container, attempt: attempt, begin: begin, end: took.map { begin + .milliseconds(Int64($0 * 1_000)) },
                failure: failure, detail: detail))
        return copy
    }

    func scheduling(_ text: String) throws -> FactsBuilder {
        var copy = self
        copy.facts.scheduling = [try JSONValue(parsing: text)]
        return copy
    }

    func probes(_ text: String) throws -> FactsBuilder {
        var copy = self
        copy.facts.probes = [try JSONValue(parsing: text)]
        return copy
    }
}

/// JSON of a container's status.
func waiting(_ reason: String, _ message: String = "", more: String = "", init: Bool = false) -> String {
    let message = JSONValue.string(message).serializedText()
    let list = `init` ? "initContainerStatuses" : "containerStatuses"
    let name = `init` ? "setup" : "app"
    return """
        {"\(list)": [{"name": "\(name)", "image": "", "ready": false, "restartCount": 0,
          "state": {"waiting": {"reason": "\(reason)", "message": \(message)}}\(more)}]}
        """
}

/// Ended a minute ago, after another one.
func ended(_ code: Int, _ reason: String = "Error", message: String = "", phase: String = "Running", init: Bool = false, restarts: Int = 0)
    -> String
{
    """
    {"phase": "\(phase)", "\(`init` ? "initContainerStatuses" : "containerStatuses")": [
      {"name": "\(`init` ? "setup" : "app")", "image": "", "ready": false, "restartCount": \(restarts), "state": {"terminated": {
        "exitCode": \(code), "reason": "\(reason)", "message": \(JSONValue.string(message).serializedText()),
        "startedAt": "2026-03-01T11:58:00Z", "finishedAt": "2026-03-01T11:59:00Z"}}}]}
    """
}

/// Waits after an end like that.
func crashLoop(_ code: Int, _ reason: String = "Error", restarts: Int = 4) -> String {
    """
    {"phase": "Running", "containerStatuses": [{"name": "app", "image": "", "ready": false, "restartCount": \(restarts),
      "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container=app pod=web_default(u1)"}},
      "lastState": {"terminated": {"exitCode": \(code), "reason": "\(reason)",
        "startedAt": "2026-03-01T11:58:00Z", "finishedAt": "2026-03-01T11:59:00Z"}}}]}
    """
}

func running(ready: Bool = false, started: Bool = true, conditions: String = "[]") -> String {
    """
    {"phase": "Running", "podIP": "10.0.0.5", "conditions": \(conditions), "containerStatuses": [{"name": "app", "image": "",
      "ready": \(ready), "started": \(started), "restartCount": 0, "state": {"running": {"startedAt": "2026-03-01T11:58:00Z"}}}]}
    """
}

let initSpec = #"{"initContainers": [{"name": "setup", "image": "registry.test/setup:1"}]}"#
let deletedLongAgo = #"{"deletionTimestamp": "2026-03-01T11:55:00Z", "deletionGracePeriodSeconds": 30}"#
let beingDeleted = #"{"deletionTimestamp": "2026-03-01T12:00:20Z", "deletionGracePeriodSeconds": 30}"#
let deadNode = """
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown",
      "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status.", "lastTransitionTime": "2026-03-01T11:56:00Z"}]}}
    """
let sickNode = """
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1"}, "status": {"conditions": [{"type": "Ready", "status": "False",
      "reason": "KubeletNotReady", "message": "runtime is down", "lastTransitionTime": "2026-03-01T11:56:00Z"}]}}
    """
func unscheduled(_ message: String) -> String {
    """
    {"startTime": null, "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
      "message": \(JSONValue.string(message).serializedText()), "lastTransitionTime": "2026-03-01T11:51:00Z"}]}
    """
}
let unbound = #"{"nodeName": null}"#

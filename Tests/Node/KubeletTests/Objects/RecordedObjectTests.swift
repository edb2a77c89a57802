import APIMachinery
import Glibc
import KubernetesAPI
import TestSupport
import Testing

@testable import Kubelet

/// Pods with objects that a real kubelet ran, run again here with an API server: the status in the end and the events have to be the same.
private let directory = getenv("SWIFTLET_RECORDED_TRACES").map { String(cString: $0) }

@Suite(.enabled(if: directory != nil, "SWIFTLET_RECORDED_TRACES names no directory with recorded traces")) struct RecordedObjectTests {
    private enum Course: Sendable { case asWritten, objectsLast, changesMap }

    private static let scenarios: [(name: String, course: Course)] = [
        ("kubelet-bad-config", .asWritten), ("kubelet-mount-failed", .objectsLast), ("kubelet-configmap-volume", .changesMap),
        ("kubelet-projected-token", .asWritten),
    ]

    @Test(arguments: scenarios.indices) func `ends as recorded`(index: Int) async throws {
        let (name, course) = Self.scenarios[index]
        let trace = try RecordedTrace(path: "\(directory ?? "")/\(name).jsonl")
        try await ObjectCluster.run(images: trace.images) { cluster in
            if name == "kubelet-projected-token" {
                let map: JSONValue = [
                    "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "kube-root-ca.crt"], "data": ["ca.crt": "PEM"],
                ]
                try await cluster.create("namespaces/ns/configmaps", map)
            }
            if course != .objectsLast { try await Self.createObjects(trace, cluster) }
            var pods: [Pod] = []
            for pod in trace.pods { pods.append(try await Self.create(pod, cluster)) }
            if course == .objectsLast {
                _ = try await eventually { cluster.recorder.texts.contains { $0.hasPrefix("FailedMount: ") } }
                try await Self.createObjects(trace, cluster)
            }
            if course == .changesMap {
                _ = try await eventually { cluster.status(pods[0]).phase == "Running" }
                try await cluster.send("PATCH", "namespaces/ns/configmaps/cm", ["data": ["k": "v2"]])
                let volume = cluster.paths.volume(pods[0].uid, plugin: "configmap", "v")
                #expect(try await eventually { try projected(volume, "k") == "v2" })
            }
            try await Self.compare(pods, trace, cluster)
        }
    }

    private static func createObjects(_ trace: RecordedTrace, _ cluster: ObjectCluster) async throws {
        for map in trace.objects.configMaps.values { try await cluster.create("namespaces/ns/configmaps", map.json) }
    }

    private static func create(_ recorded: Pod, _ cluster: ObjectCluster) async throws -> Pod {
        var pod = recorded
        (pod.metadata.uid, pod.metadata.generation, pod.spec.nodeName) = (nil, nil, ObjectCluster.node)
        let made = try await cluster.create("namespaces/ns/pods", pod.json)
        return try #require(Pod.decode(made, options: .lenient).object)
    }

    private static func compare(_ pods: [Pod], _ trace: RecordedTrace, _ cluster: ObjectCluster) async throws {
        for (pod, recorded) in zip(pods, trace.pods) {
            let wanted = trace.finals[pod.name] ?? .null
            func status() async throws -> JSONValue {
                let text = try await cluster.send("GET", "namespaces/ns/pods/\(pod.name)")["status"]?.serializedText() ?? ""
                return RecordedTrace.comparable(try JSONValue(parsing: named(text, pod, recorded)))
            }
            _ = try await eventually(within: .seconds(10)) { try await status() == wanted }
            let found = try await status()
            #expect(found == wanted, "status of \(pod.name)")
        }
        func events() -> Set<String> {
            Set(
                cluster.recorder.events.map { event in
                    let line = "\(event.podName) \(event.kind.rawValue) \(event.reason) \(event.message) \(event.fieldPath)"
                    let index = pods.firstIndex { $0.uid == event.podUID } ?? 0
                    return named(line, pods[index], trace.pods[index])
                })
        }
        _ = try await eventually(within: .seconds(10)) { events() == trace.events }
        #expect(events() == trace.events)
    }

    /// With the names that the recording has for UIDs and generated names.
    private static func named(_ text: String, _ pod: Pod, _ recorded: Pod) -> String {
        var text = text.replacing(pod.uid, with: recorded.uid)
        for volume in pod.spec.volumes where volume.name.hasPrefix("kube-api-access-") {
            text = text.replacing(volume.name, with: "kube-api-access-<r1>")
        }
        return text
    }
}

import APIMachinery
import APIServer
import KubernetesAPI
import KubernetesClient
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Scheduler

/// An API server in memory, with a scheduler that runs.
final class TestCluster: Sendable {
    struct Write: Hashable, Sendable {
        var verb: String
        var path: String
        var body: JSONValue
    }
    let server: APIServer
    /// Acts as the administrator.
    let client: Client
    private let schedulerClient: Client

    init() async throws {
        let server = try await APIServer(storage: MemoryStorage(), configuration: APIServer.Configuration())
        self.server = server
        client = Client(transport: DirectTransport { await server.handle($0, from: .system) }, userAgent: "test")
        let writes = Sink()
        let transport = DirectTransport { request in
            if request.method != "GET", !request.path.hasSuffix("/events"), !request.path.contains("/events/") {
                let verb = ["POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"][request.method] ?? request.method
                writes.add(Write(verb: verb, path: request.path, body: (try? JSONValue(parsing: request.body)) ?? .null))
            }
            return await server.handle(request, from: .system)
        }
        schedulerClient = Client(transport: transport, userAgent: "kube-scheduler")
        self.sink = writes
        for name in ["default", "kube-system", "ns"] { try await addNamespace(name) }
    }

    private let sink: Sink

    final class Sink: Sendable {
        let writes = Mutex<[Write]>([])
        func add(_ write: Write) { writes.withLock { $0.append(write) } }
    }

    /// What the scheduler wrote, events aside.
    var writes: [Write] { sink.writes.withLock { $0 } }

    func addNamespace(_ name: String) async throws {
        _ = try? await client.resource(Namespace.self).create(Namespace { $0.metadata.name = name })
        _ = try? await client.resource(ServiceAccount.self, namespace: name).create(ServiceAccount { $0.metadata.name = "default" })
    }

    /// Runs a scheduler while the body runs.
    func scheduling(
        _ configuration: SchedulerConfiguration = .init(seed: 1), time: any TimeSource = MachineTime(),
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let informers = SharedInformers(schedulerClient, time: time)
        let events = EventRecorder(schedulerClient, component: "default-scheduler", time: time)
        let scheduler = Scheduler(client: schedulerClient, informers: informers, events: events, configuration: configuration, time: time)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await informers.run() }
            group.addTask { await events.run() }
            group.addTask { await scheduler.run() }
            await informers.waitForSync()
            try await body()
            group.cancelAll()
        }
    }

    func create(_ manifest: JSONValue, namespace: String = "ns") async throws {
        let version = manifest["apiVersion"]?.stringValue ?? "v1"
        let kind = GroupVersionKind(apiVersion: version, kind: manifest["kind"]?.stringValue ?? "")
        let served = try #require(ServedResource.builtIn.first { $0.kind == kind })
        let base = version.contains("/") ? "/apis/\(version)" : "/api/\(version)"
        let path = served.isNamespaced ? "\(base)/namespaces/\(namespace)/\(served.plural)" : "\(base)/\(served.plural)"
        try await send("POST", path, manifest)
    }

    @discardableResult
    func send(_ method: String, _ path: String, _ body: JSONValue? = nil, type: String = "application/json") async throws -> JSONValue {
        var request = APIRequest(method: method, path: path)
        if let body {
            request.body = body.serialized()
            request.headers["Content-Type"] = type
        }
        return try await client.object(request)
    }

    func pod(_ name: String, in namespace: String = "ns") async throws -> Pod {
        try await client.resource(Pod.self, namespace: namespace).get(name)
    }

    func events(in namespace: String = "ns") async throws -> [Event] {
        try await client.resource(Event.self, namespace: namespace).listAll().items
    }

    /// Waits until the pod is on a node.
    func waitForNode(of name: String) async throws -> String {
        try await soon("\(name) is on a node") { try await self.pod(name).spec.nodeName != nil }
        return try await pod(name).spec.nodeName ?? ""
    }
}

/// Fails the test when something has not come about in time.
func soon(_ what: String, location: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool) async throws {
    let isTrue = try await eventually(condition)
    #expect(isTrue, "\(what): not within the time", sourceLocation: location)
}

extension JSONValue {
    static func node(
        _ name: String, cpu: String = "4", memory: String = "8Gi", pods: String = "110", labels: [String: String] = [:],
        taints: [JSONValue] = []
    ) -> JSONValue {
        var labels = labels
        labels["kubernetes.io/hostname"] = name
        let resources: JSONValue = ["cpu": .string(cpu), "memory": .string(memory), "pods": .string(pods)]
        return [
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(name), "labels": .labels(labels)],
            "spec": ["taints": .array(taints)],
            "status": [
                "capacity": resources, "allocatable": resources,
                "conditions": [["type": "Ready", "status": "True", "reason": "KubeletReady"]],
            ],
        ]
    }

    static func pod(_ name: String, requests: [String: String] = [:], labels: [String: String] = [:], spec: JSONObject = JSONObject())
        -> JSONValue
    {
        var full: JSONObject = [
            "automountServiceAccountToken": false,
            "containers": [["name": "c", "image": "busybox", "resources": ["requests": .labels(requests)]]],
        ]
        for member in spec.members { full[member.key] = member.value }
        return [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "ns", "labels": .labels(labels)],
            "spec": .object(full),
        ]
    }

    static func labels(_ labels: [String: String]) -> JSONValue {
        .object(JSONObject(members: labels.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
    }
}

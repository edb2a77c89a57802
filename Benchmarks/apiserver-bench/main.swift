import APIMachinery
import APIServer
import Glibc
import KubernetesAPI
import Storage
import Synchronization

// Costs of the API server's core in process, on a store in memory: no socket, no TLS, no disk.
// apiserver-bench [OBJECTS]: so many pods of about 4 KB are there while the rest is measured; 1000 unless told.

let objectCount = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1000
let pods = "/api/v1/namespaces/default/pods"

/// A pod of about 4 KB as it lies in the store.
func pod(_ name: String) -> JSONValue {
    let environment = (0..<24).map { index -> JSONValue in
        ["name": .string("VARIABLE_\(index)"), "value": .string("a value that says something number \(index)")]
    }
    return [
        "apiVersion": "v1", "kind": "Pod",
        "metadata": ["name": .string(name), "labels": ["app": "bench", "index": .string(name)]],
        "spec": [
            "nodeName": "node-1",
            "containers": [
                [
                    "name": "main", "image": "registry.example.com/team/main:1.2.3", "env": .array(environment),
                    "resources": ["requests": ["cpu": "100m", "memory": "64Mi"], "limits": ["memory": "128Mi"]],
                    "livenessProbe": ["httpGet": ["path": "/healthz", "port": 8080]],
                    "ports": [["containerPort": 8080, "name": "http"]],
                ]
            ],
        ],
    ]
}

func send(_ method: String, _ path: String, _ query: [(String, String)] = [], body: JSONValue? = nil, headers: HTTPHeaders = [:]) async
    -> APIResponse
{
    var request = APIRequest(method: method, path: path, query: query.map { .init(name: $0.0, value: $0.1) }, headers: headers)
    if let body { request.body = body.serialized() }
    return await server.handle(request, from: .system)
}

func length(_ response: APIResponse) -> Int {
    if case .bytes(let bytes) = response.body { return bytes.count }
    return 0
}

/// Prints the time of one operation, the median of five rounds.
func measure(_ name: String, count: Int, _ body: (Int) async -> Void) async {
    var rounds: [Double] = []
    for round in 0..<5 {
        let clock = ContinuousClock()
        let start = clock.now
        for index in 0..<count { await body(round * count + index) }
        let (seconds, attoseconds) = (clock.now - start).components
        rounds.append((Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(count))
    }
    let microseconds = rounds.sorted()[2] / 1000
    print("\(name): \(Double(Int(microseconds * 100)) / 100) µs")
}

/// Counts what is written to it.
final class Sink: ResponseStream {
    let bytes = Mutex(0)
    func write(_ bytes: [UInt8]) -> Bool {
        self.bytes.withLock { $0 += bytes.count }
        return true
    }
    func finish() {}
    func onClose(_ body: @escaping @Sendable () -> Void) {}
}

let storage = MemoryStorage()
let server = try await APIServer(storage: storage)
_ = await send("POST", "/api/v1/namespaces", body: ["metadata": ["name": "default"]])
_ = await send("POST", "/api/v1/namespaces/default/serviceaccounts", body: ["metadata": ["name": "default"]])
for index in 0..<objectCount {
    let response = await send("POST", pods, body: pod("pod-\(index)"))
    guard response.status == 201 else {
        print("apiserver-bench: the server refused pod-\(index) with status \(response.status)")
        exit(1)
    }
}
print("\(objectCount) pods of \(length(await send("GET", pods + "/pod-0"))) bytes")

await measure("GET", count: 5000) { _ in _ = await send("GET", pods + "/pod-7") }
await measure("CREATE", count: 200) { index in _ = await send("POST", pods, body: pod("new-\(index)")) }
await measure("merge PATCH of a label", count: 200) { index in
    _ = await send(
        "PATCH", pods + "/new-\(index)", body: ["metadata": ["labels": ["v": .string(String(index))]]],
        headers: ["Content-Type": "application/merge-patch+json"])
}
await measure("server-side apply", count: 200) { index in
    _ = await send(
        "PATCH", pods + "/new-\(index)", [("fieldManager", "bench")],
        body: [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string("new-\(index)"), "labels": ["applied": .string(String(index))]],
        ],
        headers: ["Content-Type": "application/apply-patch+yaml"])
}
await measure("DELETE", count: 200) { index in _ = await send("DELETE", pods + "/new-\(index)", [("gracePeriodSeconds", "0")]) }
await measure("LIST of all", count: 20) { _ in _ = await send("GET", pods) }
await measure("LIST of all as Table", count: 3) { _ in
    _ = await send("GET", pods, headers: ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"])
}
await measure("LIST by a label that nothing has", count: 50) { _ in _ = await send("GET", pods, [("labelSelector", "app=none")]) }
await measure("LIST limit=100", count: 200) { _ in _ = await send("GET", pods, [("limit", "100")]) }

let sinks = (0..<100).map { _ in Sink() }
for sink in sinks {
    if case .stream(let start) = await send("GET", pods, [("watch", "1"), ("resourceVersion", String(storage.currentRevision))]).body {
        start(sink)
    }
}
await measure("CREATE with 100 watchers", count: 100) { index in _ = await send("POST", pods, body: pod("watched-\(index)")) }
print("each watcher was sent \(sinks[0].bytes.withLock { $0 }) bytes")

import APIMachinery
import KubernetesAPI
import KubernetesClient
import Synchronization

/// A collection of ConfigMaps that is listed, watched and written over the wire's forms, and can be told to fail.
final class ScriptedServer: Sendable {
    private struct State {
        var revision: Int64 = 1
        var objects: [String: ConfigMap] = [:]
        var watches: [any ResponseStream] = []
        var failures: [Status] = []
        var requests: [APIRequest] = []
    }
    private let state = Mutex(State())

    var client: Client { Client(transport: DirectTransport { await self.handle($0) }, userAgent: "tests") }
    var requests: [APIRequest] { state.withLock { $0.requests } }
    var watchCount: Int { state.withLock { $0.watches.count } }

    /// The next requests are answered so.
    func fail(with statuses: Status...) { state.withLock { $0.failures += statuses } }

    func put(_ name: String, _ data: [String: String] = [:], tell: Bool = true) {
        let (type, map) = state.withLock { state in
            state.revision += 1
            let map = ConfigMap {
                $0.metadata.name = name
                $0.metadata.namespace = "default"
                $0.metadata.resourceVersion = "\(state.revision)"
                $0.data = data
            }
            return (state.objects.updateValue(map, forKey: name) == nil ? "ADDED" : "MODIFIED", map)
        }
        if tell { send(type, map.json) }
    }

    func remove(_ name: String, tell: Bool = true) {
        let map = state.withLock { state in
            state.revision += 1
            return state.objects.removeValue(forKey: name)
        }
        if tell, let map { send("DELETED", map.json) }
    }

    /// Ends every watch, with an error event when one is given.
    func endWatches(_ status: Status? = nil) {
        if let status { send("ERROR", status.json) }
        let watches = state.withLock { state in
            defer { state.watches = [] }
            return state.watches
        }
        for watch in watches { watch.finish() }
    }

    private func send(_ type: String, _ object: JSONValue) {
        let event: JSONValue = ["type": .string(type), "object": object]
        let line = event.serialized(.compact) + [UInt8(ascii: "\n")]
        for watch in state.withLock({ $0.watches }) { watch.write(line) }
    }

    private func handle(_ request: APIRequest) async -> APIResponse {
        let failure = state.withLock { state -> Status? in
            state.requests.append(request)
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { return APIResponse(status: Int(failure.code), body: .bytes(failure.json.serialized(.compact))) }
        if request.parameter("watch") == "true" {
            return APIResponse(status: 200, body: .stream { stream in self.state.withLock { $0.watches.append(stream) } })
        }
        let list = state.withLock { state in
            ObjectList<ConfigMap> {
                $0.items = state.objects.values.sorted { $0.metadata.name ?? "" < $1.metadata.name ?? "" }
                $0.metadata.resourceVersion = "\(state.revision)"
            }
        }
        return APIResponse(status: 200, body: .bytes(list.json.serialized(.compact)))
    }
}

import APIMachinery
import KubernetesAPI
import KubernetesClient

/// A scheduler and a node agent in one: binds every pod, runs it, and lets it go when it is deleted. Reads and writes only objects.
struct SimulatedNode: Sendable {
    let cluster: WorkloadCluster
    /// Whether a pod becomes ready; others stay Pending.
    var isReady: @Sendable (Pod) -> Bool = { _ in true }

    /// One round over all pods.
    func work() async throws {
        for pod in try await cluster.list(Pod.self) {
            do throws(ClientError) { try await work(on: pod) } catch {
                // Gone or changed since it was listed.
                if !error.isNotFound, !error.isConflict { throw error }
            }
        }
    }

    private func work(on pod: Pod) async throws(ClientError) {
        let pods = cluster.resource(Pod.self)
        let name = pod.metadata.name ?? ""
        if pod.metadata.deletionTimestamp != nil {
            return try await pods.delete(name, gracePeriodSeconds: 0, uid: pod.metadata.uid)
        }
        if pod.spec.nodeName == nil { try await bind(pod) }
        guard pod.status.phase != "Running", isReady(pod) else { return }
        _ = try await pods.patch(name, .strategicMerge, ["status": Self.running(at: cluster.time.wallTime)], subresource: "status")
    }

    func bind(_ pod: Pod, to node: String = "node1") async throws(ClientError) {
        var request = APIRequest(
            method: "POST", path: "/api/v1/namespaces/\(pod.metadata.namespace ?? "")/pods/\(pod.metadata.name ?? "")/binding")
        request.headers["Content-Type"] = "application/json"
        let body: JSONValue = [
            "apiVersion": "v1", "kind": "Binding", "metadata": ["name": .string(pod.metadata.name ?? "")],
            "target": ["kind": "Node", "name": .string(node)],
        ]
        request.body = body.serialized()
        _ = try await cluster.client.object(request)
    }

    static func running(at time: Timestamp) -> JSONValue {
        ["phase": "Running", "conditions": [["type": "Ready", "status": "True", "lastTransitionTime": .string(time.description)]]]
    }
}

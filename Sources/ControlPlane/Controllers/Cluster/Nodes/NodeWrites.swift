internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What the node controller writes.
struct NodeWrites: Sendable {
    let context: ControllerContext

    private var nodes: ResourceClient<Node> { context.client.resource(Node.self) }

    /// Replaces a node's taints, if it is still the one that was looked at.
    func set(_ taints: [Taint], on node: Node) async throws(ClientError) {
        guard taints != node.spec.taints else { return }
        let patch: JSONValue = [
            "metadata": ["resourceVersion": .string(node.metadata.resourceVersion ?? "")],
            "spec": ["taints": taints.isEmpty ? .null : .array(taints.map(\.json))],
        ]
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await nodes.patch(node.metadata.name ?? "", .strategicMerge, patch)
        }
    }

    /// - Returns: The node as it is then.
    func setLost(_ node: Node) async throws(ClientError) -> Node {
        var node = node
        node.status.conditions = NodeHealth.lostConditions(of: node, now: context.time.wallTime)
        return try await nodes.update(node, subresource: "status")
    }

    /// Says of a lost node's pods that they are not ready, so that nobody is sent to them.
    func setNotReady(_ pods: [Pod]) async {
        for var pod in pods {
            guard let index = pod.status.conditions.firstIndex(where: { $0.type == "Ready" && $0.status == "True" }) else { continue }
            pod.status.conditions[index].status = "False"
            pod.status.conditions[index].lastTransitionTime = context.time.wallTime.truncatedToSeconds
            do throws(ClientError) {
                let client = context.client.resource(Pod.self, namespace: pod.metadata.namespace)
                _ = try await client.update(pod, subresource: "status")
                context.events.record(ObjectReference(pod), type: "Warning", reason: "NodeNotReady", message: "Node is not ready")
            } catch {
                if !error.isNotFound { context.report("set pod \(ObjectKey(pod)) not ready: \(error)") }
            }
        }
    }

    func tell(_ node: Node, _ reason: String, _ message: String) {
        // Upstream names no version, and Events about nodes stand in `default`.
        let reference = ObjectReference {
            $0.kind = "Node"
            $0.name = node.metadata.name
            $0.uid = node.metadata.uid
        }
        context.events.record(reference, type: "Normal", reason: reason, message: message)
    }
}

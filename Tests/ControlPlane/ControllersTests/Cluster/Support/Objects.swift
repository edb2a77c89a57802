import APIMachinery
import KubernetesAPI
import KubernetesClient

/// A pod that is bound to a node.
func boundPod(_ name: String, node: String = "", labels: [String: String] = ["app": "x"], _ fill: (inout Pod) -> Void = { _ in }) -> Pod {
    var pod = Pod {
        $0.metadata.name = name
        $0.metadata.labels = labels
        $0.spec.nodeName = node.isEmpty ? nil : node
        $0.spec.containers = [
            Container {
                $0.name = "c"
                $0.image = "busybox"
                $0.ports = [
                    ContainerPort {
                        $0.name = "web"
                        $0.containerPort = 8080
                    }
                ]
            }
        ]
    }
    fill(&pod)
    return pod
}

extension ClusterBed {
    /// As the node's agent does.
    func setStatus(
        of name: String, in namespace: String = "default", ip: String? = nil, isReady: Bool? = nil, phase: String = "Running",
        at time: Timestamp? = nil
    ) async throws {
        let pods = admin.resource(Pod.self, namespace: namespace)
        var pod = try await pods.get(name)
        pod.status.phase = phase
        if let ip {
            pod.status.podIP = ip
            pod.status.podIPs = [PodIP { $0.ip = ip }]
        }
        if let isReady {
            pod.status.conditions = [
                PodCondition {
                    $0.type = "Ready"
                    $0.status = isReady ? "True" : "False"
                    $0.lastTransitionTime = time ?? Timestamp.now().truncatedToSeconds
                }
            ]
        }
        _ = try await pods.update(pod, subresource: "status")
    }

    @discardableResult
    func makeNode(_ name: String, zone: String? = nil, ready: String? = "True", _ fill: (inout Node) -> Void = { _ in }) async throws
        -> Node
    {
        var node = Node {
            $0.metadata.name = name
            $0.metadata.labels = ["kubernetes.io/hostname": name]
            if let zone { $0.metadata.labels["topology.kubernetes.io/zone"] = zone }
            if let ready {
                $0.status.conditions = [
                    NodeCondition {
                        $0.type = "Ready"
                        $0.status = ready
                        $0.reason = "KubeletReady"
                        $0.lastHeartbeatTime = Timestamp(seconds: 1, nanoseconds: 0)
                        $0.lastTransitionTime = Timestamp(seconds: 1, nanoseconds: 0)
                    }
                ]
            }
        }
        fill(&node)
        return try await admin.resource(Node.self).create(node)
    }

    func events(_ reason: String, in namespace: String = "default") async throws -> [String] {
        try await admin.resource(Event.self, namespace: namespace).list().items.filter { $0.reason == reason }.compactMap(\.message)
            .sorted()
    }
}

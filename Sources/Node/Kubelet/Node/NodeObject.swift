package import APIMachinery
package import CRI
package import KubernetesAPI

/// This node's object, as it should be. Pure.
package enum NodeObject {
    private static let attachDetach = "volumes.kubernetes.io/controller-managed-attach-detach"

    /// What the node registers with.
    package static func new(_ configuration: KubeletConfiguration, _ status: NodeStatus) -> Node {
        Node { node in
            node.metadata.name = configuration.nodeName
            node.metadata.labels = labels(configuration)
            node.metadata.annotations = [attachDetach: "true"]
            node.spec.taints = configuration.registerWithTaints
            if !configuration.providerID.isEmpty { node.spec.providerID = configuration.providerID }
            if let range = configuration.podCIDR {
                node.spec.podCIDR = range
                node.spec.podCIDRs = [range]
            }
            node.status = status
        }
    }

    package static func labels(_ configuration: KubeletConfiguration) -> [String: String] {
        let architecture = configuration.node.identity.architecture
        return configuration.nodeLabels.merging([
            "beta.kubernetes.io/arch": architecture, "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": architecture, "kubernetes.io/os": "linux", "kubernetes.io/hostname": configuration.nodeName,
        ]) { $1 }
    }

    /// What has to change in an object that was there before, outside of its status; nil: nothing.
    package static func patch(of node: Node, _ configuration: KubeletConfiguration) -> JSONValue? {
        var patch = JSONObject()
        var metadata = JSONObject()
        let labels = labels(configuration).filter { node.metadata.labels[$0.key] != $0.value }
        if !labels.isEmpty { metadata["labels"] = .object(JSONObject(texts: labels)) }
        if node.metadata.annotations[attachDetach] == nil { metadata["annotations"] = .object(JSONObject(texts: [attachDetach: "true"])) }
        if !metadata.members.isEmpty { patch["metadata"] = .object(metadata) }
        if let range = configuration.podCIDR, node.spec.podCIDR == nil {
            patch["spec"] = ["podCIDR": .string(range), "podCIDRs": [.string(range)]]
        }
        return patch.members.isEmpty ? nil : .object(patch)
    }

    /// - Parameter old: The status before; what this agent does not know of stays.
    package static func status(
        _ configuration: KubeletConfiguration, _ health: NodeHealth.State, images: [Image], old: NodeStatus, now: Timestamp
    ) -> NodeStatus {
        var status = old
        let resources = NodeResources(configuration.node, configuration.reservation)
        // Extended resources belong to whoever has put them there.
        status.capacity.merge(resources.capacity) { $1 }
        status.allocatable.merge(resources.allocatable) { $1 }
        status.conditions = NodeConditions.all(health, old: old.conditions, now: now)
        status.addresses = addresses(configuration)
        status.nodeInfo = info(configuration.node.identity)
        status.images = self.images(images, atMost: configuration.nodeStatusMaxImages)
        if let port = configuration.port { status.daemonEndpoints.kubeletEndpoint.Port = port }
        status.runtimeHandlers = [handler]
        status.features = NodeFeatures { $0.supplementalGroupsPolicy = true }
        return status
    }

    private static func addresses(_ configuration: KubeletConfiguration) -> [NodeAddress] {
        configuration.hostIPs.map { ip in
            NodeAddress {
                $0.type = "InternalIP"
                $0.address = ip
            }
        } + [
            NodeAddress {
                $0.type = "Hostname"
                $0.address = configuration.nodeName
            }
        ]
    }

    private static func info(_ identity: NodeIdentity) -> NodeSystemInfo {
        NodeSystemInfo {
            $0.machineID = identity.machineID
            $0.systemUUID = identity.systemUUID
            $0.bootID = identity.bootID
            $0.kernelVersion = identity.kernelVersion
            $0.osImage = identity.osImage
            $0.containerRuntimeVersion = identity.containerRuntimeVersion
            $0.kubeletVersion = identity.kubeletVersion
            $0.operatingSystem = "linux"
            $0.architecture = identity.architecture
            if identity.swapBytes > 0 { $0.swap = NodeSwapStatus { $0.capacity = identity.swapBytes } }
        }
    }

    /// The one way to run containers.
    private static var handler: NodeRuntimeHandler {
        NodeRuntimeHandler {
            $0.features = NodeRuntimeHandlerFeatures {
                $0.recursiveReadOnlyMounts = true
                $0.userNamespaces = true
            }
        }
    }

    /// The largest ones.
    private static func images(_ images: [Image], atMost count: Int) -> [ContainerImage] {
        images.sorted { ($0.size, $1.id) > ($1.size, $0.id) }.prefix(count < 0 ? images.count : count).map { image in
            ContainerImage {
                $0.names = image.repoDigests + image.repoTags
                $0.sizeBytes = Int64(clamping: image.size)
            }
        }
    }
}

extension JSONObject {
    /// In the order of the keys.
    fileprivate init(texts: [String: String]) {
        self.init()
        for (key, value) in texts.sorted(by: { $0.key < $1.key }) { self[key] = .string(value) }
    }
}

/// When and how the node's status is written.
package enum NodeStatusPatch {
    /// - Returns: A strategic merge patch; nil: nothing has changed but the time of the heartbeat, and that was told not long ago.
    package static func of(_ status: NodeStatus, for node: Node, isDue: Bool) -> JSONValue? {
        guard isDue || status.withoutHeartbeats != node.status.withoutHeartbeats else { return nil }
        let patch = StrategicMergeDiff().patch(from: node.status.jsonObject, to: status.jsonObject, type: "core/v1.NodeStatus")
        return patch.members.isEmpty ? nil : ["status": .object(patch)]
    }
}

extension NodeStatus {
    fileprivate var withoutHeartbeats: NodeStatus {
        var status = self
        for index in status.conditions.indices { status.conditions[index].lastHeartbeatTime = nil }
        return status
    }
}

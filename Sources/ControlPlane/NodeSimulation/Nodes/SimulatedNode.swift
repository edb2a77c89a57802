package import APIMachinery
internal import KubernetesAPI

/// What simulated nodes are like.
package struct NodeTemplate: Hashable, Sendable {
    /// Nodes with this label are simulated, whoever has made them.
    package static let label = "swiftlet.dev/simulated"
    /// While a node has this annotation, nothing is heard of it, and its pods stay as they are: a node that was cut off.
    package static let silence = "swiftlet.dev/silent"

    package var capacity: [String: Quantity] = [
        "cpu": Quantity(32), "memory": Quantity(256 << 30), "ephemeral-storage": Quantity(1 << 40), "pods": Quantity(110),
    ]
    package var labels: [String: String] = [:]
    /// Nodes take turns.
    package var zones: [String] = ["zone-a", "zone-b", "zone-c"]
    package var kubeletVersion = "v1.36.2+simulated"
    /// How often a node renews its lease, whose duration is four times that.
    package var heartbeat = Duration.seconds(10)
    /// How often it says all of its status again.
    package var statusInterval = Duration.seconds(300)

    package init() {}

    package static func name(_ index: Int) -> String { "sim-\(index)" }

    /// What the node registers with.
    func node(_ index: Int, address: String, now: Timestamp) -> Node {
        var node = Node {
            $0.metadata.name = Self.name(index)
            $0.metadata.labels = [
                "kubernetes.io/hostname": Self.name(index), "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
                Self.label: "true",
            ]
        }
        if !zones.isEmpty { node.metadata.labels["topology.kubernetes.io/zone"] = zones[index % zones.count] }
        node.metadata.labels.merge(labels) { $1 }
        node.status = status(of: node, address: address, now: now)
        return node
    }

    /// What a node that is well says of itself; what it has already of capacity and addresses stays.
    func status(of node: Node, address: String, now: Timestamp) -> NodeStatus {
        var status = node.status
        if status.capacity.isEmpty { status.capacity = capacity }
        if status.allocatable.isEmpty { status.allocatable = status.capacity }
        if status.addresses.isEmpty { status.addresses = addresses(node, address) }
        if status.nodeInfo.kubeletVersion.isEmpty { status.nodeInfo = info(node) }
        status.conditions = conditions(old: node.status.conditions, now: now)
        return status
    }

    private func addresses(_ node: Node, _ address: String) -> [NodeAddress] {
        [("InternalIP", address), ("Hostname", node.metadata.name ?? "")].map { type, text in
            NodeAddress {
                $0.type = type
                $0.address = text
            }
        }
    }

    private func info(_ node: Node) -> NodeSystemInfo {
        NodeSystemInfo {
            $0.architecture = node.metadata.labels["kubernetes.io/arch"] ?? "amd64"
            $0.operatingSystem = "linux"
            $0.osImage = "simulated"
            $0.kernelVersion = "simulated"
            $0.containerRuntimeVersion = "simulated://1"
            $0.kubeletVersion = kubeletVersion
            $0.machineID = node.metadata.name ?? ""
            $0.systemUUID = node.metadata.name ?? ""
            $0.bootID = node.metadata.name ?? ""
        }
    }

    private func conditions(old: [NodeCondition], now: Timestamp) -> [NodeCondition] {
        let own: [(type: String, status: String, reason: String, message: String)] = [
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ]
        let names = own.map(\.type)
        return old.filter { !names.contains($0.type) }
            + own.map { condition in
                let before = old.first { $0.type == condition.type }
                return NodeCondition {
                    $0.type = condition.type
                    $0.status = condition.status
                    $0.reason = condition.reason
                    $0.message = condition.message
                    $0.lastHeartbeatTime = now
                    $0.lastTransitionTime = before?.status == condition.status ? before?.lastTransitionTime : now
                }
            }
    }

    /// - Parameter uid: The Node's, which the Lease goes with.
    func lease(of name: String, uid: String, now: Timestamp) -> Lease {
        Lease {
            $0.metadata.name = name
            $0.metadata.namespace = "kube-node-lease"
            $0.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Node"
                    $0.name = name
                    $0.uid = uid
                }
            ]
            $0.spec.holderIdentity = name
            $0.spec.leaseDurationSeconds = Int32(clamping: (heartbeat * 4).components.seconds)
            $0.spec.renewTime = MicroTimestamp(now)
        }
    }
}

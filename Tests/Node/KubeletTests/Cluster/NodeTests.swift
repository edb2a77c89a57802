import APIMachinery
import CRI
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@testable import Kubelet

struct NodeRegistrationTests {
    @Test func `the node registers, is ready, and renews its lease`() async throws {
        try await TestCluster.run(speed: 20) { cluster in
            try await cluster.withKubelet { _ in
                let node = try await cluster.node()
                #expect(
                    node.metadata.labels == [
                        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                        "kubernetes.io/hostname": "node1", "kubernetes.io/os": "linux",
                    ])
                #expect(node.status.capacity.mapValues(\.description)["memory"] == "4Gi")
                #expect(node.status.allocatable.mapValues(\.description)["memory"] == "3996Mi")
                #expect(node.status.addresses.map { "\($0.type) \($0.address)" } == ["InternalIP 192.0.2.1", "Hostname node1"])
                #expect(node.status.conditions.map { "\($0.type) \($0.status) \($0.reason ?? "")" } == readyLines)
                let storage = cluster.admin.resource(CSINode.self)
                #expect(try await eventually { (try? await storage.get("node1").metadata.ownerReferences.first?.uid) == node.metadata.uid })
                let leases = cluster.admin.resource(Lease.self, namespace: "kube-node-lease")
                #expect(try await eventually { (try? await leases.get("node1")) != nil })
                let lease = try await leases.get("node1")
                #expect(lease.spec.holderIdentity == "node1")
                #expect(lease.spec.leaseDurationSeconds == 40)
                #expect(lease.metadata.ownerReferences.first?.uid == node.metadata.uid)
                #expect(try await eventually { try await leases.get("node1").spec.renewTime != lease.spec.renewTime })
                #expect(try await cluster.node().metadata.resourceVersion == node.metadata.resourceVersion)
            }
        }
    }

    private var readyLines: [String] {
        [
            "MemoryPressure False KubeletHasSufficientMemory", "DiskPressure False KubeletHasNoDiskPressure",
            "PIDPressure False KubeletHasSufficientPID", "Ready True KubeletReady",
        ]
    }

    @Test func `trouble shows at once, and what others have set stays`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withKubelet { kubelet in
                let other: JSONValue = [
                    "status": [
                        "capacity": ["example.com/foo": "3"],
                        "conditions": [["type": "Network", "status": "False", "lastHeartbeatTime": .null, "lastTransitionTime": .null]],
                    ]
                ]
                _ = try await cluster.admin.resource(Node.self).patch("node1", .strategicMerge, other, subresource: "status")
                #expect(try await eventually { kubelet.nodeObject?.status.capacity["example.com/foo"] != nil })
                kubelet.health.update { $0.hasDiskPressure = true }
                #expect(
                    try await eventually { try await cluster.node().status.conditions.contains { $0.reason == "KubeletHasDiskPressure" } })
                let node = try await cluster.node()
                #expect(node.status.capacity["example.com/foo"]?.value == 3)
                #expect(node.status.conditions.contains { $0.type == "Network" })
            }
        }
    }

    @Test func `a node whose object is deleted registers again; one that is there is taken over`() async throws {
        try await TestCluster.run(speed: 10) { cluster in
            try await cluster.withKubelet { _ in
                let first = try await cluster.node().metadata.uid
                try await cluster.admin.resource(Node.self).delete("node1")
                #expect(try await eventually { (try? await cluster.node().metadata.uid).map { $0 != first } ?? false })
            }
            let before = try await cluster.node().metadata.uid
            _ = try await cluster.admin.resource(Node.self).patch(
                "node1", .merge, ["metadata": ["labels": ["kubernetes.io/os": .null, "mine": "1"]]])
            try await cluster.withKubelet { _ in
                let isMended = try await eventually { try await cluster.node().metadata.labels["kubernetes.io/os"] == "linux" }
                #expect(isMended)
                let node = try await cluster.node()
                #expect(node.metadata.uid == before)
                #expect(node.metadata.labels["mine"] == "1")
            }
        }
    }
}

struct NodeStatusPatchTests {
    private static func node() -> Node {
        var configuration = KubeletConfiguration()
        configuration.nodeName = "n"
        configuration.hostIPs = ["192.0.2.1", "2001:db8::1"]
        let status = NodeObject.status(
            configuration, NodeHealth.State(), images: [], old: NodeStatus(), now: Timestamp(seconds: 1_000, nanoseconds: 0))
        return NodeObject.new(configuration, status)
    }

    private func later(_ node: Node, _ change: (inout NodeHealth.State) -> Void = { _ in }) -> NodeStatus {
        var health = NodeHealth.State()
        change(&health)
        var configuration = KubeletConfiguration()
        configuration.nodeName = "n"
        configuration.hostIPs = ["192.0.2.1", "2001:db8::1"]
        return NodeObject.status(
            configuration, health, images: [], old: node.status, now: Timestamp(seconds: 1_010, nanoseconds: 0))
    }

    @Test func `only the heartbeat has changed: nothing is written before its time`() throws {
        let node = Self.node()
        #expect(NodeStatusPatch.of(later(node), for: node, isDue: false) == nil)
        let patch = try #require(NodeStatusPatch.of(later(node), for: node, isDue: true))
        #expect(patch["status"]?["conditions"]?.arrayValue?.count == 4)
        #expect(patch["status"]?.objectValue?.keys.sorted() == ["$setElementOrder/conditions", "conditions"])
    }

    @Test func `a condition that changes gets its time, the others keep theirs`() throws {
        let node = Self.node()
        let status = later(node) { $0.troubles = ["no runtime"] }
        let ready = try #require(status.conditions.last)
        #expect("\(ready.status) \(ready.reason ?? "") \(ready.message ?? "")" == "False KubeletNotReady [no runtime]")
        #expect(ready.lastTransitionTime?.seconds == 1_010)
        #expect(status.conditions.first?.lastTransitionTime?.seconds == 1_000)
        #expect(NodeConditions.eventReasons(from: node.status.conditions, to: status.conditions) == ["NodeNotReady"])
        #expect(NodeStatusPatch.of(status, for: node, isDue: false) != nil)
    }

    @Test func `two addresses of a type are replaced as a whole`() throws {
        let node = Self.node()
        var status = node.status
        status.addresses[0].address = "192.0.2.9"
        let patch = try #require(NodeStatusPatch.of(status, for: node, isDue: false))
        #expect(patch["status"]?["addresses"]?[0] == ["$patch": "replace"])
        let result = try StrategicMergePatch().apply(patch, to: node.json, type: "core/v1.Node")
        #expect(result["status"] == status.json)
    }

    @Test func `what is reserved is not for pods`() {
        var facts = NodeFacts()
        (facts.milliCPU, facts.memoryBytes, facts.ephemeralStorageBytes) = (4_000, 8 << 30, 100 << 30)
        facts.hugePages = [2 << 20: 1 << 30, 1 << 30: 0]
        var reservation = NodeReservation()
        reservation.resources = quantities(["cpu": "500m", "memory": "1Gi", "ephemeral-storage": "10Gi"])
        let resources = NodeResources(facts, reservation)
        #expect(
            resources.capacity.mapValues(\.description) == [
                "cpu": "4", "memory": "8Gi", "ephemeral-storage": "100Gi", "hugepages-2Mi": "1Gi", "hugepages-1Gi": "0",
            ])
        #expect(resources.allocatable["cpu"]?.description == "3500m")
        #expect(resources.allocatable["memory"]?.value == (8 << 30) - (1 << 30) - (1 << 30) - (100 << 20))
        #expect(resources.allocatable["ephemeral-storage"].map { $0.value <= 80 << 30 } == true)
    }
}

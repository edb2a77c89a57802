import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

struct NodeControllerTests {
    @Test func `cordon and uncordon set and take off the taint, as recorded`() async throws {
        let bed = try await ClusterBed()
        try await bed.makeNode("node1")
        let nodes = bed.admin.resource(Node.self)
        try await bed.run([NodeController.self]) {
            _ = try await nodes.patch("node1", .merge, ["spec": ["unschedulable": true]])
            try await expectEventually("the taint") {
                try await nodes.get("node1").spec.taints.map { "\($0.key):\($0.effect)" } == ["node.kubernetes.io/unschedulable:NoSchedule"]
            }
            _ = try await nodes.patch("node1", .merge, ["spec": ["unschedulable": .null]])
            try await expectEventually("no taint") { try await nodes.get("node1").spec.taints.isEmpty }
            try await expectEventually("the event") {
                try await bed.events("RegisteredNode") == ["Node node1 event: Registered Node node1 in Controller"]
            }
        }
        #expect(bed.lines().filter { $0.contains("nodes/") } == ["node-controller patch nodes/node1", "node-controller patch nodes/node1"])
    }

    @Test func `a silent node is lost, its pods are not ready, and those that tolerate it for 300 s go after that`() async throws {
        let bed = try await ClusterBed()
        let time = SteppedTime()
        try await bed.makeNode("lost")
        try await bed.makeNode("well")
        let pods = bed.admin.resource(Pod.self, namespace: "default")
        _ = try await pods.create(boundPod("p", node: "lost"))
        try await bed.setStatus(of: "p", ip: "10.0.0.1", isReady: true)
        let leases = bed.admin.resource(Lease.self, namespace: "kube-node-lease")
        try await bed.makeNamespace("kube-node-lease")
        var lease = try await leases.create(
            Lease {
                $0.metadata.name = "well"
                $0.spec.renewTime = MicroTimestamp(time.wallTime)
            })
        func renew() async throws {
            lease.spec.renewTime = MicroTimestamp(time.wallTime)
            lease = try await leases.update(lease)
        }
        try await bed.run([NodeController.self], time: time) {
            let isLost = try await advancing(time, seconds: 90) {
                try await renew()
                return try await bed.admin.resource(Node.self).get("lost").condition("Ready")?.status == "Unknown"
            }
            #expect(isLost && time.now > .seconds(50) && time.now < .seconds(62))
            #expect(try await bed.admin.resource(Node.self).get("well").isReady)
            let isNotReady = try await advancing(time, seconds: 10) {
                try await renew()
                return try await !pods.get("p").isReady
            }
            #expect(isNotReady)
            let isTainted = try await advancing(time, seconds: 20) {
                try await renew()
                let node = try await bed.admin.resource(Node.self).get("lost")
                return Set(node.spec.taints.map { "\($0.key):\($0.effect)" }) == [
                    "node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute",
                ]
            }
            #expect(isTainted)
            let tainted = time.now
            let isGoing = try await advancing(time, seconds: 400) {
                try await renew()
                return try await pods.get("p").metadata.deletionTimestamp != nil
            }
            #expect(isGoing && time.now - tainted >= .seconds(290) && time.now - tainted < .seconds(320))
            let condition = try await pods.get("p").status.conditions.first { $0.type == "DisruptionTarget" }
            #expect(condition?.reason == "DeletionByTaintManager")
            #expect(condition?.message == "Taint manager: deleting due to NoExecute taint")
            try await expectEventually("events") {
                let (lost, evicted) = (try await bed.events("NodeNotReady"), try await bed.events("TaintManagerEviction"))
                return lost == ["Node is not ready", "Node lost status is now: NodeNotReady"]
                    && evicted == ["Marking for deletion Pod default/p"]
            }
        }
    }

    @Test func `pods of a node that is gone are deleted after the quarantine`() async throws {
        let bed = try await ClusterBed()
        let time = SteppedTime()
        let pods = bed.admin.resource(Pod.self, namespace: "default")
        _ = try await pods.create(boundPod("p", node: "gone"))
        try await bed.run([PodCollector.self], time: time) {
            let isGone = try await advancing(time, seconds: 100) { await bed.isGone(Pod.self, "p") }
            #expect(isGone && time.now >= .seconds(40))
        }
        #expect(bed.lines() == ["pod-garbage-collector patch pods/p/status", "pod-garbage-collector delete pods/p"])
    }
}

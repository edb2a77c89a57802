import APIMachinery
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@testable import Scheduler

struct EndToEndTests {
    @Test func `a pod goes to the node with room, with an event and a condition`() async throws {
        let cluster = try await TestCluster()
        try await cluster.create(.node("small", cpu: "1"))
        try await cluster.create(.node("large", cpu: "4"))
        for name in ["small", "large"] { try await cluster.removeTaints(name) }
        try await cluster.scheduling {
            try await cluster.create(.pod("p", requests: ["cpu": "1500m"]))
            let node = try await cluster.waitForNode(of: "p")
            #expect(node == "large")
            let pod = try await cluster.pod("p")
            #expect(pod.status.conditions.map { "\($0.type)=\($0.status)" } == ["PodScheduled=True"])
            try await soon("an event") { try await cluster.events().contains { $0.reason == "Scheduled" } }
            let events = try await cluster.events()
            let event = try #require(events.first { $0.reason == "Scheduled" })
            #expect(event.message == "Successfully assigned ns/p to large")
            #expect(event.action == "Binding" && event.reportingComponent == "default-scheduler" && event.type == "Normal")
        }
        #expect(cluster.writes.map { "\($0.verb) \($0.path)" } == ["create /api/v1/namespaces/ns/pods/p/binding"])
    }

    @Test func `a gated pod waits until its gate is gone`() async throws {
        let cluster = try await TestCluster()
        try await cluster.create(.node("n1"))
        try await cluster.removeTaints("n1")
        try await cluster.scheduling {
            try await cluster.create(.pod("p", spec: ["schedulingGates": [["name": "example.com/gate"]]]))
            try await soon("the condition") {
                try await cluster.pod("p").status.conditions.contains { $0.type == "PodScheduled" && $0.reason == "SchedulingGated" }
            }
            try await cluster.send(
                "PATCH", "/api/v1/namespaces/ns/pods/p", ["spec": ["schedulingGates": nil]], type: "application/merge-patch+json")
            let node = try await cluster.waitForNode(of: "p")
            #expect(node == "n1")
        }
    }

    @Test func `five hundred pods fill their nodes evenly`() async throws {
        let cluster = try await TestCluster()
        for index in 0..<10 {
            try await cluster.create(.node("n\(index)", cpu: "50"))
            try await cluster.removeTaints("n\(index)")
        }
        for index in 0..<500 { try await cluster.create(.pod("p\(index)", requests: ["cpu": "1"])) }
        try await cluster.scheduling {
            try await soon("all pods on nodes") {
                try await cluster.client.resource(Pod.self, namespace: "ns").listAll().items.allSatisfy { $0.spec.nodeName != nil }
            }
        }
        let pods = try await cluster.client.resource(Pod.self, namespace: "ns").listAll().items
        let counts = Dictionary(grouping: pods) { $0.spec.nodeName ?? "" }.mapValues(\.count)
        #expect(counts.values.sorted() == Array(repeating: 50, count: 10))
    }
}

extension TestCluster {
    /// What the node life-cycle controller does with a node that is ready.
    func removeTaints(_ name: String) async throws {
        let node = try await client.resource(Node.self).get(name)
        let kept = node.spec.taints.filter { $0.key != "node.kubernetes.io/not-ready" }
        try await send(
            "PATCH", "/api/v1/nodes/\(name)", ["spec": ["taints": .array(kept.map(\.json))]], type: "application/merge-patch+json")
    }
}

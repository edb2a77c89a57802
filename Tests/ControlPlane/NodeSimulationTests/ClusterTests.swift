import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import NodeSimulation

@Suite(.timeLimit(.minutes(5))) struct ClusterTests {
    @Test func `pods of a Deployment run, pods of a Job succeed, and who is deleted goes`() async throws {
        try await World.run(seed: 1) { world in
            world.start()
            _ = try await world.resource(Deployment.self).create(deployment("web", 20))
            _ = try await world.resource(Job.self).create(indexedJob("sums", completions: 5, parallelism: 2))
            #expect(
                try await world.settles(within: .seconds(60)) {
                    let web = try await world.resource(Deployment.self).get("web")
                    let job = try await world.resource(Job.self).get("sums")
                    return web.status.availableReplicas == 20 && job.status.succeeded == 5
                })
            let pods = try await world.list(Pod.self)
            let running = pods.filter { $0.metadata.labels["app"] == "web" }
            #expect(running.allSatisfy { $0.status.phase == "Running" && $0.status.containerStatuses.first?.ready == true })
            #expect(Set(pods.compactMap(\.status.podIP)).count == pods.count)
            #expect(Set(running.compactMap(\.spec.nodeName)).count == 4)
            let ended = pods.filter { $0.metadata.labels["app"] == "sums" }
            #expect(ended.allSatisfy { $0.status.containerStatuses.first?.state.terminated?.exitCode == 0 })

            try await world.resource(Deployment.self).delete("web", propagationPolicy: "Foreground")
            #expect(try await world.settles(within: .seconds(60)) { try await world.list(Pod.self).count == 5 })
        }
    }

    @Test func `a silent node is lost, its pods are replaced, and it comes back`() async throws {
        try await World.run(seed: 2) { world in
            world.start(nodes: 3)
            _ = try await world.resource(Deployment.self).create(deployment("web", 6))
            #expect(try await world.settles { try await world.resource(Deployment.self).get("web").status.availableReplicas == 6 })
            let nodes = world.admin.resource(Node.self)
            let silence: JSONValue = ["metadata": ["annotations": [NodeTemplate.silence: "true"]]]
            _ = try await nodes.patch("sim-1", .merge, silence)
            #expect(try await world.settles { try await !nodes.get("sim-1").isReady })
            #expect(
                try await world.settles {
                    let pods = try await world.list(Pod.self).filter { $0.metadata.deletionTimestamp == nil }
                    return pods.count == 6 && pods.allSatisfy { $0.spec.nodeName != "sim-1" && $0.status.phase == "Running" }
                })
            _ = try await nodes.patch("sim-1", .merge, ["metadata": ["annotations": [NodeTemplate.silence: nil]]])
            #expect(try await world.settles { try await nodes.get("sim-1").isReady })
            #expect(try await world.settles { try await world.list(Pod.self).count == 6 })
        }
    }

    @Test func `a node that somebody makes with the label becomes ready`() async throws {
        try await World.run(seed: 3) { world in
            world.start(nodes: 0)
            let own = Node {
                $0.metadata.name = "large"
                $0.metadata.labels = [NodeTemplate.label: "true"]
                $0.status.capacity = ["cpu": Quantity(1000), "pods": Quantity(5)]
            }
            _ = try await world.admin.resource(Node.self).create(own)
            #expect(try await world.settles(within: .seconds(30)) { try await world.admin.resource(Node.self).get("large").isReady })
            let node = try await world.admin.resource(Node.self).get("large")
            #expect(node.status.allocatable == ["cpu": Quantity(1000), "pods": Quantity(5)])
            await world.pass(.seconds(120))
            #expect(try await world.admin.resource(Node.self).get("large").isReady)
            let lease = try await world.admin.resource(Lease.self, namespace: "kube-node-lease").get("large")
            #expect(lease.spec.holderIdentity == "large" && lease.spec.leaseDurationSeconds == 40)
        }
    }
}

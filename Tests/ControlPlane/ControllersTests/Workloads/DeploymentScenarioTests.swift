import APIMachinery
import KubernetesAPI
import TestSupport
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(2))) struct DeploymentScenarioTests {
    private func isComplete(_ cluster: WorkloadCluster, _ replicas: Int32) async throws -> Bool {
        let status = try await cluster.resource(Deployment.self).get("x").status
        return status.updatedReplicas ?? 0 == replicas && status.replicas ?? 0 == replicas && status.availableReplicas ?? 0 == replicas
    }

    @Test func `a Deployment gets its pods, an update replaces them, and never are too few available`() async throws {
        let cluster = try await WorkloadCluster()
        let node = SimulatedNode(cluster: cluster)
        try await cluster.run {
            _ = try await cluster.resource(Deployment.self).create(deployment(4))
            #expect(
                try await cluster.settle {
                    try await node.work(); return try await isComplete(cluster, 4)
                })
            let patch: JSONValue = ["spec": ["template": ["metadata": ["annotations": ["v": "2"]]]]]
            _ = try await cluster.resource(Deployment.self).patch("x", .strategicMerge, patch)
            var fewest = 4
            #expect(
                try await cluster.settle {
                    try await node.work()
                    fewest = min(fewest, try await cluster.list(Pod.self).count { $0.isActive && $0.isReady })
                    let deployment = try await cluster.resource(Deployment.self).get("x")
                    return try await isComplete(cluster, 4) && deployment.status.observedGeneration == deployment.metadata.generation
                })
            #expect(fewest >= 3)
            let sets = try await cluster.list(ReplicaSet.self)
            #expect(sets.map { $0.spec.replicas ?? -1 }.sorted() == [0, 4])
            #expect(Set(sets.compactMap { $0.metadata.annotations["deployment.kubernetes.io/revision"] }) == ["1", "2"])
        }
    }
}

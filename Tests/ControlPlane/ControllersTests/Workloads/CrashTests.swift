import APIMachinery
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@testable import Controllers

/// The process may end at any write: who comes after it finishes the work, and nothing is there twice.
@Suite(.timeLimit(.minutes(5))) struct CrashTests {
    private struct State: Equatable {
        var sets: [String]
        var pods: Int
        var updated: Int32?
    }

    private func isComplete(_ cluster: WorkloadCluster) async throws -> Bool {
        let deployment = try await cluster.resource(Deployment.self).get("x")
        guard deployment.isComplete(deployment.status), deployment.status.terminatingReplicas == 0 else { return false }
        // The status may be older than the last deletion.
        return try await cluster.list(Pod.self).allSatisfy { $0.metadata.deletionTimestamp == nil }
    }

    /// Creates a Deployment and updates it. The first controllers get no further than so many writes.
    private func run(cutAfter count: Int?) async throws -> (state: State, writes: Int) {
        let cluster = try await WorkloadCluster()
        let node = SimulatedNode(cluster: cluster)
        cluster.recorder.cut(after: count)
        var tasks = cluster.start(report: { _ in })
        func restartIfCut() async {
            guard cluster.recorder.isCut else { return }
            await cluster.stop(tasks)
            cluster.recorder.cut(after: nil)
            tasks = cluster.start(report: { _ in })
        }
        func complete() async throws -> Bool {
            try await cluster.settle(patience: .seconds(60)) {
                await restartIfCut()
                try await node.work()
                return try await isComplete(cluster)
            }
        }
        _ = try await cluster.resource(Deployment.self).create(deployment(2))
        #expect(try await complete())
        let patch: JSONValue = ["spec": ["template": ["metadata": ["annotations": ["v": "2"]]]]]
        _ = try await cluster.resource(Deployment.self).patch("x", .strategicMerge, patch)
        #expect(
            try await cluster.settle(patience: .seconds(60)) {
                await restartIfCut()
                try await node.work()
                let deployment = try await cluster.resource(Deployment.self).get("x")
                return try await isComplete(cluster) && deployment.metadata.annotations[DeploymentNames.revision] == "2"
            }, "cut after \(count ?? -1)")
        await cluster.stop(tasks)
        let sets = try await cluster.list(ReplicaSet.self).map { "\($0.revision): \($0.replicas)" }.sorted()
        let state = State(
            sets: sets, pods: try await cluster.list(Pod.self).count,
            updated: try await cluster.resource(Deployment.self).get("x").status.updatedReplicas)
        return (state, cluster.recorder.writes.count)
    }

    @Test func `cut off at any write, a rollout ends the same`() async throws {
        let whole = try await run(cutAfter: nil)
        #expect(whole.state == State(sets: ["1: 0", "2: 2"], pods: 2, updated: 2))
        for count in 0..<min(whole.writes, 40) {
            let cut = try await run(cutAfter: count)
            #expect(cut.state == whole.state, "cut after \(count) writes")
        }
    }
}

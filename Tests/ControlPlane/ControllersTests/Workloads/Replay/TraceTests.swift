import APIMachinery
import KubernetesAPI
import Testing

@testable import Controllers

/// Compares with recordings of the real controllers, where they are. `SWIFTLET_RECORDED` names their directory.
@Suite(.enabled(if: Trace.directory != nil, "SWIFTLET_RECORDED names no directory of recordings"), .serialized, .timeLimit(.minutes(5)))
struct TraceTests {
    private static let replicas = [
        "deployment-create-scale-delete", "deployment-rolling-25", "deployment-rolling-surge0-unavail1",
        "deployment-rolling-surge1-unavail0",
        "deployment-pause-resume", "deployment-recreate", "deployment-rollback", "deployment-proportional-scale",
        "deployment-progress-deadline", "replicaset-adopt-release-orphan", "replicaset-delete-order", "replicationcontroller",
    ]
    private static let jobs = [
        "job-complete", "job-backoff-limit", "job-backoff-onfailure", "job-success-policy", "job-suspend", "job-pod-failure-policy",
        "job-active-deadline", "job-ttl", "job-delete",
    ]
    private static let others = [
        "daemonset-create-update", "daemonset-surge", "statefulset-ordered", "statefulset-parallel", "statefulset-claims",
    ]

    @Test(arguments: replicas + jobs + others)
    func `the controllers do what upstream's did`(_ name: String) async throws {
        let trace = try Trace(name)
        let cluster = try await WorkloadCluster()
        let nodes = cluster.client.resource(Node.self)
        var node = try await nodes.create(Node { $0.metadata.name = "node1" })
        node.spec.taints = []  // that of a node that has not said that it is ready
        _ = try await nodes.update(node)
        var replay = TraceReplay(trace, cluster, controllers: Set(WorkloadControllers.all.map { $0.name }))
        try await cluster.run { try await replay.run() }
        #expect(replay.problems.isEmpty, "\(name):\n\(replay.problems.joined(separator: "\n"))")
    }
}

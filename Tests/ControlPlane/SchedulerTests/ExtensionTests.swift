import APIMachinery
import KubernetesAPI
import KubernetesClient
import Synchronization
import TestSupport
import Testing

@testable import Scheduler

/// What a user of the library adds takes part at every point.
struct ExtensionTests {
    /// Knows only nodes with a label, likes one of them best, and tells of each step.
    private final class Witness: FilterPlugin, ScorePlugin, ReservePlugin, PermitPlugin, PreBindPlugin, PostBindPlugin {
        let name = "Witness"
        let steps = Mutex<[String]>([])
        let permission: Permission
        /// How often writing before the binding goes wrong.
        let failures: Mutex<Int>

        init(permission: Permission = .allow, failures: Int = 0) {
            self.permission = permission
            self.failures = Mutex(failures)
        }

        private func tell(_ step: String) { steps.withLock { $0.append(step) } }

        func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult { .check(Filter()) }
        struct Filter: NodeFilter {
            func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
                cluster.nodes[slot]?.labels["known"] == nil ? .unresolvable("node(s) were not known") : nil
            }
        }
        func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? { Scorer() }
        struct Scorer: NodeScorer {
            func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
                nodes.map { cluster.nodes[$0]?.labels["known"] == "best" ? 100 : 0 }
            }
        }
        func reserve(_ pod: PodInfo, on node: String, _ cluster: inout ClusterSnapshot) -> Refusal? {
            tell("reserve \(node)")
            return nil
        }
        func unreserve(_ pod: PodInfo, on node: String, _ cluster: inout ClusterSnapshot) { tell("unreserve \(node)") }
        func permit(_ pod: PodInfo, on node: String, _ cluster: ClusterSnapshot) -> Permission { permission }
        func preBind(_ pod: PodInfo, on node: String, _ cluster: ClusterSnapshot) -> PreBindWork? {
            { [self] _ in
                tell("preBind \(node)")
                let fails = failures.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if fails { throw Refusal(.error, "the disk is on fire") }
            }
        }
        func postBind(_ pod: PodInfo, to node: String) { tell("postBind \(node)") }
    }

    private func configuration(_ witness: Witness) -> SchedulerConfiguration {
        var configuration = SchedulerConfiguration(
            profiles: [
                SchedulingProfile(
                    plugins: SchedulingProfile.defaultPlugins + [witness],
                    weights: SchedulingProfile.defaultWeights.merging(["Witness": 50]) { $1 })
            ], seed: 1)
        configuration.delays.first = .milliseconds(1)
        return configuration
    }

    private func cluster() async throws -> TestCluster {
        let cluster = try await TestCluster()
        try await cluster.create(.node("plain"))
        try await cluster.create(.node("good", labels: ["known": "yes"]))
        try await cluster.create(.node("better", labels: ["known": "best"]))
        for name in ["plain", "good", "better"] { try await cluster.removeTaints(name) }
        return cluster
    }

    @Test func `a plugin filters, scores, reserves and is told`() async throws {
        let cluster = try await cluster()
        let witness = Witness()
        try await cluster.scheduling(configuration(witness)) {
            try await cluster.create(.pod("p"))
            let node = try await cluster.waitForNode(of: "p")
            #expect(node == "better")
            try await soon("the end of the binding") { witness.steps.withLock { $0.last } == "postBind better" }
        }
        #expect(witness.steps.withLock { $0 } == ["reserve better", "preBind better", "postBind better"])
    }

    @Test func `work that fails gives everything back, and the pod comes again`() async throws {
        let cluster = try await cluster()
        let witness = Witness(failures: 1)
        try await cluster.scheduling(configuration(witness)) {
            try await cluster.create(.pod("p"))
            _ = try await cluster.waitForNode(of: "p")
            try await soon("an event") {
                try await cluster.events().contains { $0.message == "binding rejected: the disk is on fire" }
            }
        }
        let steps = witness.steps.withLock { $0 }
        #expect(steps.prefix(4) == ["reserve better", "preBind better", "unreserve better", "reserve better"])
    }

    @Test func `a permission that does not come is a refusal`() async throws {
        let cluster = try await cluster()
        let witness = Witness(
            permission: .wait(upTo: .milliseconds(1)) {
                try? await Task.sleep(for: .seconds(3600))
                return nil
            })
        try await cluster.scheduling(configuration(witness)) {
            try await cluster.create(.pod("p"))
            try await soon("an event") {
                try await cluster.events().contains { $0.message?.contains("rejected due to timeout after waiting") ?? false }
            }
        }
        #expect(!cluster.writes.contains { $0.path.hasSuffix("/binding") })
    }

    @Test func `each profile has its own pods`() async throws {
        let cluster = try await cluster()
        let packing = SchedulingProfile(schedulerName: "picky", plugins: SchedulingProfile.defaultPlugins + [Witness()])
        try await cluster.scheduling(SchedulerConfiguration(profiles: [.default, packing], seed: 1)) {
            try await cluster.create(.pod("p", spec: ["schedulerName": "picky", "nodeSelector": ["kubernetes.io/hostname": "plain"]]))
            try await cluster.create(.pod("q", spec: ["nodeSelector": ["kubernetes.io/hostname": "plain"]]))
            let node = try await cluster.waitForNode(of: "q")
            #expect(node == "plain")
            try await soon("an event") { try await cluster.events().contains { $0.message?.contains("were not known") ?? false } }
        }
    }
}

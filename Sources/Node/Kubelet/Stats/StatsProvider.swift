internal import APIMachinery
internal import CRI
internal import KubernetesAPI

/// What a node's pods and containers use, gathered when somebody asks.
package final class StatsProvider: Sendable {
    /// One pod with what the runtime says of it.
    struct PodUsage: Sendable {
        var pod: Pod
        var stats: PodSandboxStats
    }
    struct Snapshot: Sendable {
        var node: NodeUsage
        var pods: [PodUsage]
    }

    let node: NodeServices
    let rates = CPURates()
    let trees: TreeUsage

    init(_ node: NodeServices) {
        self.node = node
        trees = TreeUsage(executor: node.configuration.blockingExecutor, clock: node.clock, ageMax: node.configuration.volumeStatsAggPeriod)
    }

    /// - Throws: When the runtime does not answer.
    func snapshot() async throws(RuntimeError) -> Snapshot {
        var filter = PodSandboxFilter()
        filter.labels = node.configuration.ownerLabels
        filter.state = .ready
        let sandboxes = try await node.runtime.listPodSandboxStats(filter)
        let time = node.clock.wallTime
        let usage = await node.blocking { NodeUsage.read(at: time) }
        let pods = sandboxes.compactMap { stats in node.table[stats.metadata.uid].map { PodUsage(pod: $0.pod, stats: stats) } }
        return Snapshot(
            node: usage, pods: pods.sorted { ($0.pod.namespace, $0.pod.name) < ($1.pod.namespace, $1.pod.name) })
    }
}

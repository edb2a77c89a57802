internal import APIMachinery
internal import KubernetesAPI

/// Who is evicted first. Pure.
enum EvictionRanking {
    /// - Returns: The first one to go first; pods that are alike keep their order.
    static func ranked(
        _ pods: [Pod], _ usage: [PodUID: PodConsumption], for signal: EvictionSignal, imagesAreApart: Bool
    ) -> [Pod] {
        let ranks = pods.map { rank($0, usage[$0.uid], signal, imagesAreApart) }
        let order = pods.indices.sorted { ranks[$0] == ranks[$1] ? $0 < $1 : ranks[$0] < ranks[$1] }
        return order.map { pods[$0] }
    }

    /// Compared from the first part to the last; the smaller goes first.
    private struct Rank: Comparable {
        /// 0: uses more than it has asked for, or nobody knows.
        var excess: Int
        var priority: Int32
        /// How much more, the other way round.
        var amount: Int64

        static func < (left: Rank, right: Rank) -> Bool {
            (left.excess, left.priority, left.amount) < (right.excess, right.priority, right.amount)
        }
    }

    private static func rank(_ pod: Pod, _ usage: PodConsumption?, _ signal: EvictionSignal, _ imagesAreApart: Bool) -> Rank {
        let priority = pod.spec.priority ?? 0
        guard let usage else { return Rank(excess: 0, priority: priority, amount: .min) }
        // With many processes a pod does not exceed anything: there are no requests of them.
        if signal.pressure == .pid { return Rank(excess: 0, priority: priority, amount: -usage.processCount) }
        let over: Int64
        if signal.pressure == .memory {
            over = (usage.workingSetBytes ?? 0) - PodResources.requests(pod).value("memory")
        } else {
            let disk = EvictionFiles(signal, imagesAreApart: imagesAreApart).disk(usage)
            over = signal.countsBytes ? disk.bytes - PodResources.requests(pod).value("ephemeral-storage") : disk.inodes
        }
        return Rank(excess: over > 0 ? 0 : 1, priority: priority, amount: -over)
    }
}

extension Pod {
    /// Static, or of a priority that only the system's own pods have: it is never evicted.
    package var isCritical: Bool { isStatic || (spec.priority ?? 0) >= 2_000_000_000 }
}

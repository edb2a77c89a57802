internal import APIMachinery
package import KubernetesClient

/// The last attempts, in bounded memory. What is kept is small and made of what the decision had in hand; it becomes a record when somebody asks.
package struct SchedulingRecords: Sendable {
    static let refusalsMax = 100
    static let scoresMax = 8
    /// Of one pod.
    static let attemptsMax = 8

    private var entries: [Attempt] = []
    /// Where the next one goes once the ring is full.
    private var next = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// The attempts of a pod, the last first.
    package func attempts(of pod: ObjectKey) -> [SchedulingRecord] {
        let order = entries.indices.map { (next + $0) % entries.count }.reversed()
        return order.lazy.map { entries[$0] }.filter { $0.pod.info.key == pod }.prefix(Self.attemptsMax).map(\.record)
    }

    mutating func add(_ attempt: @autoclosure () -> Attempt) {
        guard capacity > 0 else { return }
        if entries.count < capacity {
            entries.append(attempt())
        } else {
            entries[next] = attempt()
            next = (next + 1) % capacity
        }
    }

    /// What is kept of one attempt.
    struct Attempt: Sendable {
        struct Best: Sendable {
            var node: String
            var total: Int64
            /// In the order of `plugins`.
            var scores: [Int64]
        }
        let pod: QueuedPod
        let time: Timestamp
        let now: Duration
        let took: Duration
        let node: String?
        let nodeCount: Int
        let evaluatedCount: Int
        let feasibleCount: Int
        var message = ""
        var nominatedNode: String?
        var victims: [String] = []
        var refusals: [SchedulingRecord.NodeRefusal] = []
        var refusalCounts: [String: Int] = [:]
        var best: [Best] = []
        var plugins: [(name: String, weight: Int64)] = []

        init(
            _ pod: QueuedPod, _ decision: Decision, _ cluster: ClusterSnapshot, _ profile: SchedulingProfile, _ time: any TimeSource,
            since now: Duration
        ) {
            self.pod = pod
            self.time = time.wallTime
            self.now = now
            took = time.now - now
            node = decision.slot.flatMap { cluster.nodes[$0]?.name }
            nodeCount = cluster.nodeCount
            evaluatedCount = decision.evaluatedCount
            feasibleCount = decision.feasible.count
            if !decision.totals.isEmpty { keepBest(decision, cluster) }
            // Numbers cost a second preparation: for a pod that found its place only where the cluster is small.
            if decision.slot == nil || nodeCount <= SchedulingRecords.refusalsMax { keepRefusals(decision, cluster, profile) }
        }
    }
}

extension SchedulingRecords.Attempt {
    private mutating func keepRefusals(_ decision: Decision, _ cluster: ClusterSnapshot, _ profile: SchedulingProfile) {
        let all = decision.diagnosis.refusals
        guard !all.isEmpty else { return }
        let filters = try? PreparedFilters(pod.info, cluster, profile)
        refusals = all.prefix(SchedulingRecords.refusalsMax).map { slot, refusal in
            SchedulingRecord.NodeRefusal(
                node: cluster.nodes[slot]?.name ?? "", plugin: refusal.plugin, reasons: refusal.reasons,
                detail: filters?.detail(on: slot, cluster, plugin: refusal.plugin), isFinal: refusal.code == .unresolvable)
        }
        for (_, refusal) in all {
            for reason in refusal.reasons { refusalCounts[reason, default: 0] += 1 }
        }
    }

    private mutating func keepBest(_ decision: Decision, _ cluster: ClusterSnapshot) {
        plugins = decision.scores.map { ($0.plugin, $0.weight) }
        best = Self.bestIndexes(decision).map { index in
            Best(
                node: cluster.nodes[decision.feasible[index]]?.name ?? "", total: decision.totals[index],
                scores: decision.scores.map { $0.scores[index] })
        }
    }

    /// Indexes of the best nodes; the one that was taken is the first.
    private static func bestIndexes(_ decision: Decision) -> [Int] {
        let totals = decision.totals
        var best: [Int] = []
        for index in totals.indices {
            if best.count == SchedulingRecords.scoresMax, totals[index] <= totals[best[best.count - 1]] { continue }
            let position = best.firstIndex { totals[index] > totals[$0] } ?? best.count
            best.insert(index, at: position)
            if best.count > SchedulingRecords.scoresMax { best.removeLast() }
        }
        guard let taken = decision.slot.flatMap({ decision.feasible.firstIndex(of: $0) }) else { return best }
        best.removeAll { $0 == taken }
        return [taken] + best.prefix(SchedulingRecords.scoresMax - 1)
    }

    var record: SchedulingRecord {
        SchedulingRecord(
            pod: "\(pod.info.key)", uid: pod.info.uid, time: time, attempt: pod.attempts, waited: now - pod.firstSeen, took: took,
            node: node,
            message: node.map { "Successfully assigned \(pod.info.key) to \($0)" } ?? message, nodeCount: nodeCount,
            evaluatedCount: evaluatedCount, feasibleCount: feasibleCount, refusals: refusals, refusalCounts: refusalCounts,
            scores: best.map { best in
                .init(
                    node: best.node, total: best.total,
                    scores: zip(plugins, best.scores).map { .init(plugin: $0.name, score: $1, weight: $0.weight) })
            }, nominatedNode: nominatedNode, victims: victims)
    }
}

package import APIMachinery
package import KubernetesClient

/// The last attempts, in bounded memory. What is kept is what the decision had in hand; texts are made when somebody asks.
package struct SchedulingRecords: Sendable {
    static let refusalsMax = 100
    static let scoresMax = 8
    /// Of one pod.
    static let attemptsMax = 8

    /// A record that was not put into words yet.
    private struct Entry: Sendable {
        var record: SchedulingRecord
        var diagnosis: Diagnosis
    }
    private var entries: [Entry] = []
    /// Where the next one goes once the ring is full.
    private var next = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// The attempts of a pod, the last first.
    package func attempts(of pod: ObjectKey) -> [SchedulingRecord] {
        let text = "\(pod)"
        let found = entries.filter { $0.record.pod == text }.sorted { $0.record.attempt > $1.record.attempt }
        return found.prefix(Self.attemptsMax).map { entry in
            var record = entry.record
            for (_, refusal) in entry.diagnosis.refusals {
                for reason in refusal.reasons { record.refusalCounts[reason, default: 0] += 1 }
            }
            if record.message.isEmpty { record.message = entry.diagnosis.message }
            return record
        }
    }

    mutating func add(_ attempt: Attempt) {
        guard capacity > 0 else { return }
        let entry = Entry(record: attempt.record, diagnosis: attempt.decision.diagnosis)
        if entries.count < capacity {
            entries.append(entry)
        } else {
            entries[next] = entry
            next = (next + 1) % capacity
        }
    }

    /// All that one attempt had in hand.
    struct Attempt {
        var pod: QueuedPod
        var decision: Decision
        var preemption: Preemption?
        var profile: SchedulingProfile
        var cluster: ClusterSnapshot
        var time: Timestamp
        var now: Duration
        var took: Duration
    }
}

extension SchedulingRecords.Attempt {
    var record: SchedulingRecord {
        let node = decision.slot.flatMap { cluster.nodes[$0]?.name }
        return SchedulingRecord(
            pod: "\(pod.info.key)", uid: pod.info.uid, time: time, attempt: pod.attempts, waited: now - pod.firstSeen, took: took, node: node,
            message: node.map { "Successfully assigned \(pod.info.key) to \($0)" } ?? "", nodeCount: cluster.nodeCount,
            evaluatedCount: decision.evaluatedCount, feasibleCount: decision.feasible.count, refusals: refusals, refusalCounts: [:],
            scores: scores, nominatedNode: preemption?.node, victims: preemption?.victims.map { "\($0.key)" } ?? [])
    }

    private var refusals: [SchedulingRecord.NodeRefusal] {
        let all = decision.diagnosis.refusals
        guard !all.isEmpty else { return [] }
        // Numbers cost a second preparation: for a pod that found its place only where the cluster is small.
        let isWorthIt = decision.slot == nil || cluster.nodeCount <= SchedulingRecords.refusalsMax
        guard isWorthIt else { return [] }
        let filters = try? PreparedFilters(pod.info, cluster, profile)
        return all.prefix(SchedulingRecords.refusalsMax).map { slot, refusal in
            SchedulingRecord.NodeRefusal(
                node: cluster.nodes[slot]?.name ?? "", plugin: refusal.plugin, reasons: refusal.reasons,
                detail: filters?.detail(on: slot, cluster, plugin: refusal.plugin), isFinal: refusal.code == .unresolvable)
        }
    }

    private var scores: [SchedulingRecord.NodeScore] {
        guard !decision.totals.isEmpty else { return [] }
        return best.map { index in
            SchedulingRecord.NodeScore(
                node: cluster.nodes[decision.feasible[index]]?.name ?? "", total: decision.totals[index],
                scores: decision.scores.map { .init(plugin: $0.plugin, score: $0.scores[index], weight: $0.weight) })
        }
    }

    /// Indexes of the best nodes; the one that was taken is the first.
    private var best: [Int] {
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
}

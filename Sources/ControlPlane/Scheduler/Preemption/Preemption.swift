internal import APIMachinery

/// Pods of lower priority that go so that another finds room.
package struct Preemption: Sendable {
    package var node: String
    /// The most important first.
    package var victims: [PodInfo]
    /// How many of the victims break a disruption budget.
    package var violationCount = 0
    /// Pods of lower priority that are nominated to the node: they lose that.
    package var displaced: [PodInfo] = []
}

extension Preemption {
    /// The candidate that does least harm: fewest broken budgets; then the lowest highest priority of a victim; the smallest sum of priorities;
    /// the fewest victims; the latest start of the earliest of its most important victims; the first.
    static func best(_ candidates: [Preemption]) -> Preemption? {
        var left = candidates
        func keepLowest<Key: Comparable>(_ key: (Preemption) -> Key) {
            guard left.count > 1, let lowest = left.map(key).min() else { return }
            left = left.filter { key($0) == lowest }
        }
        keepLowest(\.violationCount)
        keepLowest { $0.victims.first?.priority ?? .min }
        // Shifted so that a victim of negative priority counts as more than none.
        keepLowest { $0.victims.reduce(Int64(0)) { $0 + Int64($1.priority) + Int64(Int32.max) + 1 } }
        keepLowest(\.victims.count)
        keepLowest { candidate in
            let highest = candidate.victims.first?.priority ?? 0
            let starts = candidate.victims.filter { $0.priority == highest }.map(\.startNanoseconds)
            return -(starts.min() ?? Int128.max)
        }
        return left.first
    }
}

extension PodInfo {
    /// When it started; a pod that has not is taken to start now, after all others.
    var startNanoseconds: Int128 { pod.status.startTime.map { Int128($0.nanosecondsSinceEpoch) } ?? Int128(Int64.max) }

    /// Higher priority, or longer running.
    func isMoreImportant(than other: PodInfo) -> Bool {
        priority != other.priority ? priority > other.priority : startNanoseconds < other.startNanoseconds
    }

    /// It goes because the scheduler removed it.
    var isBeingPreempted: Bool {
        isTerminating && pod.status.conditions.contains { $0.type == "DisruptionTarget" && $0.reason == "PreemptionByScheduler" }
    }
}

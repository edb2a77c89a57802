/// What became of one look for a node.
package struct Decision: Sendable {
    package struct PluginScores: Sendable {
        package var plugin: String
        package var weight: Int64
        /// 0...100, in the order of `feasible`.
        package var scores: [Int64]
    }
    /// The slot of the node.
    package var slot: Int?
    /// Slots of nodes that can take the pod.
    package var feasible: [Int] = []
    /// In the order of `feasible`; empty when one node alone was feasible.
    package var totals: [Int64] = []
    package var scores: [PluginScores] = []
    /// How many nodes were looked at.
    package var evaluatedCount = 0
    package var diagnosis = Diagnosis()
    /// Where the next look begins.
    package var nextStart = 0
}

extension SchedulingProfile {
    /// Looks for the best node. Depends on nothing but what is given.
    ///
    /// - Parameters:
    ///   - start: Where in the order of nodes to begin, so that all get their turn.
    ///   - random: Chooses among equals.
    ///   - extraSpread: See `ClusterSnapshot.prepare`.
    package func decide(
        _ pod: PodInfo, _ cluster: ClusterSnapshot, start: Int = 0,
        random: inout some RandomNumberGenerator
    ) -> Decision {
        var decision = Decision()
        decision.nextStart = start
        decision.diagnosis.nodeCount = cluster.nodeCount
        guard cluster.nodeCount > 0 else { return decision }
        do throws(Refusal) {
            let filters = try PreparedFilters(pod, cluster, self)
            findFeasible(pod, cluster, filters, start, &decision)
        } catch {
            decision.diagnosis.preFilter = error
            decision.diagnosis.plugins = [error.plugin]
        }
        switch decision.feasible.count {
        case 0: break
        case 1: decision.slot = decision.feasible[0]
        default:
            score(pod, cluster, &decision)
            decision.slot = decision.feasible[Self.best(decision.totals, &random)]
        }
        return decision
    }

    private func findFeasible(
        _ pod: PodInfo, _ cluster: ClusterSnapshot, _ filters: PreparedFilters, _ start: Int,
        _ decision: inout Decision
    ) {
        var diagnosis = Diagnosis()
        diagnosis.nodeCount = cluster.nodeCount
        // Where room was made for the pod is tried first, and is enough.
        if let own = cluster.nominations.node(of: pod.uid) ?? (pod.nominatedNode.isEmpty ? nil : pod.nominatedNode),
            let slot = cluster.slot(of: own)
        {
            decision.evaluatedCount = 1
            if filters.within?.contains(own) ?? true, refusal(of: pod, on: slot, cluster, filters) == nil {
                decision.feasible = [slot]
                return
            }
            decision.evaluatedCount = 0
        }
        if let within = filters.within {
            findAmong(within, pod, cluster, filters, &diagnosis, &decision)
        } else {
            findAmongAll(pod, cluster, filters, start, &diagnosis, &decision)
        }
        if decision.feasible.isEmpty {
            for (_, refusal) in diagnosis.refusals { diagnosis.plugins.insert(refusal.plugin) }
        }
        decision.diagnosis = diagnosis
    }

    private func findAmongAll(
        _ pod: PodInfo, _ cluster: ClusterSnapshot, _ filters: PreparedFilters, _ start: Int,
        _ diagnosis: inout Diagnosis, _ decision: inout Decision
    ) {
        let count = cluster.nodeCount
        let wanted = feasibleNodesWanted(of: count)
        decision.feasible.reserveCapacity(wanted)
        var position = start % count
        while decision.evaluatedCount < count, decision.feasible.count < wanted {
            let slot = cluster.order[position]
            position = position + 1 == count ? 0 : position + 1
            decision.evaluatedCount += 1
            if let refusal = refusal(of: pod, on: slot, cluster, filters) {
                diagnosis.refusals.append((slot, refusal))
            } else {
                decision.feasible.append(slot)
            }
        }
        decision.nextStart = position
    }

    /// Only some nodes come into question: pods of a DaemonSet name one.
    private func findAmong(
        _ names: Set<String>, _ pod: PodInfo, _ cluster: ClusterSnapshot, _ filters: PreparedFilters,
        _ diagnosis: inout Diagnosis, _ decision: inout Decision
    ) {
        let slots = names.compactMap { cluster.slot(of: $0) }.sorted()
        for slot in slots {
            decision.evaluatedCount += 1
            if let refusal = refusal(of: pod, on: slot, cluster, filters) {
                diagnosis.refusals.append((slot, refusal))
            } else {
                decision.feasible.append(slot)
            }
        }
        guard decision.feasible.isEmpty else { return }
        let outside = filters.outsideRefusal
        for slot in cluster.order where !slots.contains(slot) { diagnosis.refusals.append((slot, outside)) }
    }

    private func score(_ pod: PodInfo, _ cluster: ClusterSnapshot, _ decision: inout Decision) {
        var totals = [Int64](repeating: 0, count: decision.feasible.count)
        decision.scores.reserveCapacity(scores.count)
        for index in scores.indices {
            let plugin = scores[index].plugin
            guard let scorer = plugin.preScore(pod, decision.feasible, cluster) else { continue }
            var points = scorer.scores(of: decision.feasible, cluster)
            scorer.normalise(&points, of: decision.feasible)
            precondition(points.count == totals.count, "\(plugin.name) gave \(points.count) scores for \(totals.count) nodes")
            let weight = scores[index].weight
            for node in points.indices { totals[node] &+= points[node] &* weight }
            decision.scores.append(.init(plugin: scores[index].name, weight: weight, scores: points))
        }
        decision.totals = totals
    }

    /// The index of the highest total; of equals each with the same probability.
    static func best(_ totals: [Int64], _ random: inout some RandomNumberGenerator) -> Int {
        var best = 0
        var equals = 1
        for index in totals.indices.dropFirst() {
            if totals[index] > totals[best] {
                best = index
                equals = 1
            } else if totals[index] == totals[best] {
                equals += 1
                if Int.random(in: 0..<equals, using: &random) == 0 { best = index }
            }
        }
        return best
    }
}

/// Affinity and anti-affinity between pods: required terms rule nodes out, both the pod's own and those of pods that are there; preferred ones
/// make nodes better or worse.
package struct InterPodAffinity: FilterPlugin, ScorePlugin {
    package let name = "InterPodAffinity"
    package var interests: ClusterChange.Kinds { [.nodes, .podPlaced, .placedPodUpdated, .podRemoved, .waitingPod, .namespaces] }
    /// What a required term of a pod that is there is worth as a preference.
    package var hardPodAffinityWeight: Int64
    /// Preferred terms of pods that are there count for pods with affinity only.
    package var ignoresPreferredTermsOfExistingPods: Bool

    package init(hardPodAffinityWeight: Int64 = 1, ignoresPreferredTermsOfExistingPods: Bool = false) {
        self.hardPodAffinityWeight = hardPodAffinityWeight
        self.ignoresPreferredTermsOfExistingPods = ignoresPreferredTermsOfExistingPods
    }

    // MARK: Filter

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        let existing = cluster.antiAffinityTerms.all.filter { $0.term.pods.matches(pod, cluster.namespaces) }.map { entry in
            let topology = cluster.topology(entry.term.topologyKey)
            return Counted(term: entry.term, topology: topology, counts: topology.sums(of: entry.counts))
        }
        guard !existing.isEmpty || !pod.requiredAffinity.isEmpty || !pod.requiredAntiAffinity.isEmpty else { return .skip }
        let affinity = affinityCounts(of: pod, cluster)
        let isFirst =
            affinity.allSatisfy { $0.counts.allSatisfy { $0 == 0 } }
            && pod.requiredAffinity.allSatisfy { $0.pods.matches(pod, cluster.namespaces) }
        return .check(
            Filter(
                affinity: affinity, antiAffinity: pod.requiredAntiAffinity.map { Counted($0, cluster) }, existing: existing,
                isFirst: isFirst))
    }

    /// Only pods that match every term count for affinity.
    private func affinityCounts(of pod: PodInfo, _ cluster: ClusterSnapshot) -> [Counted] {
        guard pod.requiredAffinity.count > 1 else { return pod.requiredAffinity.map { Counted($0, cluster) } }
        let counts = cluster.pods.map { pods in
            pods.reduce(into: Int32(0)) { count, other in
                if pod.requiredAffinity.allSatisfy({ $0.pods.matches(other, cluster.namespaces) }) { count += 1 }
            }
        }
        return pod.requiredAffinity.map { term in
            let topology = cluster.topology(term.topologyKey)
            return Counted(term: term, topology: topology, counts: topology.sums(of: counts))
        }
    }

    /// How many pods that count for a term there are by value of its label.
    struct Counted {
        let term: AffinityTerm
        let topology: Topology
        let counts: [Int64]

        init(term: AffinityTerm, topology: Topology, counts: [Int64]) {
            self.term = term
            self.topology = topology
            self.counts = counts
        }

        init(_ term: AffinityTerm, _ cluster: ClusterSnapshot) {
            let topology = cluster.topology(term.topologyKey)
            self.init(term: term, topology: topology, counts: topology.sums(of: cluster.podCounts(term.pods)))
        }

        /// nil where the node lacks the label.
        func count(on slot: Int) -> Int64? {
            let value = topology.valueOfSlot[slot]
            return value < 0 ? nil : counts[Int(value)]
        }

        func text(on slot: Int) -> String {
            let value = topology.valueOfSlot[slot]
            return "\(term.topologyKey)=\(value < 0 ? "" : topology.values[Int(value)])"
        }
    }

    struct Filter: NodeFilter {
        let affinity: [Counted]
        let antiAffinity: [Counted]
        let existing: [Counted]
        /// No pod counts yet and the pod is one of its own: somebody must begin.
        let isFirst: Bool

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            if unmetAffinity(on: slot) != nil { return .unresolvable("node(s) didn't match pod affinity rules") }
            if antiAffinity.contains(where: { ($0.count(on: slot) ?? 0) > 0 }) {
                return .unschedulable("node(s) didn't match pod anti-affinity rules")
            }
            if existing.contains(where: { ($0.count(on: slot) ?? 0) > 0 }) {
                return .unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
            }
            return nil
        }

        private func unmetAffinity(on slot: Int) -> Counted? {
            affinity.first { counted in
                guard let count = counted.count(on: slot) else { return true }
                return count == 0 && !isFirst
            }
        }

        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            if let unmet = unmetAffinity(on: slot) {
                return unmet.count(on: slot) == nil
                    ? "the node has no label \(unmet.term.topologyKey)" : "no pod of \(unmet.term.text) where \(unmet.text(on: slot))"
            }
            if let met = antiAffinity.first(where: { ($0.count(on: slot) ?? 0) > 0 }) {
                return "\(met.count(on: slot) ?? 0) pods of \(met.term.text) where \(met.text(on: slot))"
            }
            if let met = existing.first(where: { ($0.count(on: slot) ?? 0) > 0 }) {
                return "\(met.count(on: slot) ?? 0) pods where \(met.text(on: slot)) keep \(met.term.text) away"
            }
            return nil
        }
    }

    // MARK: Score

    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? {
        let hasPreferences = !pod.preferredAffinity.isEmpty
        if ignoresPreferredTermsOfExistingPods, !hasPreferences { return nil }
        guard hasPreferences || !cluster.affinityTerms.isEmpty || !cluster.preferredTerms.isEmpty else { return nil }
        var sums: [String: [Int64]] = [:]
        func add(_ counts: [Int32], _ key: String, _ weight: Int64) {
            let topology = cluster.topology(key)
            var sum = sums[key] ?? [Int64](repeating: 0, count: topology.values.count)
            for (value, count) in topology.sums(of: counts).enumerated() { sum[value] += count * weight }
            sums[key] = sum
        }
        for preference in pod.preferredAffinity {
            add(cluster.podCounts(preference.term.pods), preference.term.topologyKey, preference.weight)
        }
        if hardPodAffinityWeight > 0 {
            for entry in cluster.affinityTerms.all where entry.term.pods.matches(pod, cluster.namespaces) {
                add(entry.counts, entry.term.topologyKey, hardPodAffinityWeight)
            }
        }
        for entry in cluster.preferredTerms.all where entry.term.term.pods.matches(pod, cluster.namespaces) {
            add(entry.counts, entry.term.term.topologyKey, entry.term.weight)
        }
        let parts = sums.filter { $0.value.contains { $0 != 0 } }.map { (topology: cluster.topology($0.key), sums: $0.value) }
        return parts.isEmpty ? nil : Scorer(parts: parts)
    }

    private struct Scorer: NodeScorer {
        let parts: [(topology: Topology, sums: [Int64])]

        func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
            nodes.map { slot in
                parts.reduce(0) { sum, part in
                    let value = part.topology.valueOfSlot[slot]
                    return value < 0 ? sum : sum + part.sums[Int(value)]
                }
            }
        }

        /// The lowest becomes 0, the highest 100.
        func normalise(_ scores: inout [Int64], of nodes: [Int]) {
            guard let lowest = scores.min(), let highest = scores.max() else { return }
            for index in scores.indices {
                scores[index] = highest > lowest ? Int64(100 * (Double(scores[index] - lowest) / Double(highest - lowest))) : 0
            }
        }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        func isWanted(_ other: PodInfo) -> Bool { pod.requiredAffinity.contains { $0.pods.matches(other, cluster.namespaces) } }
        func isShunned(_ other: PodInfo) -> Bool {
            pod.requiredAntiAffinity.contains { $0.pods.matches(other, cluster.namespaces) }
                || other.requiredAntiAffinity.contains { $0.pods.matches(pod, cluster.namespaces) }
        }
        let terms = pod.requiredAffinity + pod.requiredAntiAffinity
        switch change {
        case .podPlaced(let other): return isWanted(other)
        case .podRemoved(let other): return isShunned(other)
        case .placedPodUpdated(let old, let new):
            return (!isWanted(old) && isWanted(new)) || (isShunned(old) && !isShunned(new))
        case .nodeAdded(let node): return terms.isEmpty || terms.contains { node.labels[$0.topologyKey] != nil }
        case .nodeUpdated(let old, let new):
            return terms.isEmpty ? old.labels != new.labels : terms.contains { old.labels[$0.topologyKey] != new.labels[$0.topologyKey] }
        case .waitingPodUpdated(let old, let new): return old.labels != new.labels || old.requiredAffinity != new.requiredAffinity
        case .namespaceChanged: return true
        default: return false
        }
    }
}

extension AffinityTerm {
    /// For people.
    var text: String {
        let namespaces = pods.scope.names.sorted().joined(separator: ",")
        return "\(namespaces.isEmpty ? "" : "\(namespaces)/")\(pods.labels.map { "{\($0)}" } ?? "nothing")"
    }
}

/// Finds the node where removing pods of lower priority makes room with the least harm.
package struct DefaultPreemption: PostFilterPlugin {
    package let name = "DefaultPreemption"
    /// Of the nodes in question so many percent are tried, but at least `minCandidateNodes`.
    package var minCandidateNodesPercentage: Int
    package var minCandidateNodes: Int

    package init(minCandidateNodesPercentage: Int = 10, minCandidateNodes: Int = 100) {
        self.minCandidateNodesPercentage = minCandidateNodesPercentage
        self.minCandidateNodes = minCandidateNodes
    }

    package func postFilter(
        _ pod: PodInfo, _ cluster: ClusterSnapshot, _ diagnosis: Diagnosis, _ profile: SchedulingProfile
    ) -> PostFilterResult {
        if let reason = ineligibility(of: pod, cluster, diagnosis) { return .nothing("preemption: \(reason)") }
        let hopeful = diagnosis.refusals.filter { $0.refusal.code == .unschedulable }.map(\.slot)
        let wanted = max(minCandidateNodes, hopeful.count * minCandidateNodesPercentage / 100)
        var cluster = cluster
        var candidates: [Preemption] = []
        var failures = diagnosis.refusals.filter { $0.refusal.code != .unschedulable }.map { _ in
            Refusal.unresolvable("Preemption is not helpful for scheduling")
        }
        let offset = hopeful.isEmpty ? 0 : Int(Self.hash(pod.uid) % UInt64(hopeful.count))
        for index in hopeful.indices {
            guard candidates.count < wanted || candidates.allSatisfy({ $0.violationCount > 0 }) else { break }
            do throws(Refusal) {
                let trial = PreemptionTrial(pod: pod, slot: hopeful[(offset + index) % hopeful.count], profile: profile)
                candidates.append(try trial.victims(&cluster))
            } catch {
                failures.append(error)
            }
        }
        guard let best = Preemption.best(candidates) else {
            return .nothing("preemption: 0/\(diagnosis.nodeCount) nodes are available: \(Diagnosis.counted(failures)).")
        }
        return .nominate(best)
    }

    private func ineligibility(of pod: PodInfo, _ cluster: ClusterSnapshot, _ diagnosis: Diagnosis) -> String? {
        if pod.pod.spec.preemptionPolicy == "Never" { return "not eligible due to preemptionPolicy=Never." }
        guard let slot = cluster.slot(of: pod.nominatedNode) else { return nil }
        // The node that room was made on will not do any more: look for another.
        if diagnosis.refusals.contains(where: { $0.slot == slot && $0.refusal.code == .unresolvable }) { return nil }
        let waits = cluster.pods[slot].contains { $0.priority < pod.priority && $0.isBeingPreempted }
        return waits ? "not eligible due to a terminating pod on the nominated node." : nil
    }

    /// Where to begin, so that not all pods try the same nodes (FNV-1a).
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

/// The question what must go from one node for a pod.
private struct PreemptionTrial {
    let pod: PodInfo
    let slot: Int
    let profile: SchedulingProfile

    /// - Parameter cluster: Changed while it is tried, and the same again afterwards.
    /// - Throws: Why the node is no candidate.
    func victims(_ cluster: inout ClusterSnapshot) throws(Refusal) -> Preemption {
        var preemption = Preemption(node: cluster.nodes[slot]?.name ?? "", victims: [])
        let lower = cluster.pods[slot].filter { $0.priority < pod.priority }.sorted { $0.isMoreImportant(than: $1) }
        guard !lower.isEmpty else { throw .unresolvable("No preemption victims found for incoming pod") }
        for victim in lower { cluster.removePod(victim.uid) }
        if let refusal = refusal(cluster) {
            for victim in lower { cluster.place(victim, on: preemption.node) }
            throw refusal
        }
        let violations = DisruptionBudget.violations(lower, cluster.budgets)
        // Those whose loss breaks a budget are spared first.
        for isViolating in [true, false] {
            for (victim, violates) in zip(lower, violations) where violates == isViolating {
                guard !isSpared(victim, on: preemption.node, &cluster) else { continue }
                preemption.victims.append(victim)
                if violates { preemption.violationCount += 1 }
            }
        }
        for victim in preemption.victims { cluster.place(victim, on: preemption.node) }
        preemption.victims.sort { $0.isMoreImportant(than: $1) }
        return preemption
    }

    private func isSpared(_ victim: PodInfo, on node: String, _ cluster: inout ClusterSnapshot) -> Bool {
        cluster.place(victim, on: node)
        guard refusal(cluster) != nil else { return true }
        cluster.removePod(victim.uid)
        return false
    }

    private func refusal(_ cluster: ClusterSnapshot) -> Refusal? {
        do throws(Refusal) {
            let filters = try PreparedFilters(pod, cluster, profile)
            return profile.refusal(of: pod, on: slot, cluster, filters)
        } catch {
            return error
        }
    }
}

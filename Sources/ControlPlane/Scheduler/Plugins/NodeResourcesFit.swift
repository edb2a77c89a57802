/// Room for the pod's requests; and which node has the most, or the least, of it.
package struct NodeResourcesFit: FilterPlugin, ScorePlugin {
    package let name = "NodeResourcesFit"
    package var interests: ClusterChange.Kinds { [.nodes, .podRemoved, .placedPodUpdated, .waitingPod] }
    package var strategy: ScoringStrategy
    /// Extended resources that some other component looks after, by name or by `group/` prefix.
    package var ignoredResources: Set<String>
    package var ignoredGroups: Set<String>

    package init(strategy: ScoringStrategy = .leastAllocated(), ignoredResources: Set<String> = [], ignoredGroups: Set<String> = []) {
        self.strategy = strategy
        self.ignoredResources = ignoredResources
        self.ignoredGroups = ignoredGroups
    }

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult { .check(filter(pod)) }

    private func filter(_ pod: PodInfo) -> Filter {
        let others = pod.requests.others.filter { name, amount in
            amount != 0 && !ignoredResources.contains(name)
                && !ignoredGroups.contains(name.split(separator: "/").first.map { "\($0)" } ?? "")
        }
        return Filter(
            milliCPU: pod.requests.milliCPU, memoryBytes: pod.requests.memoryBytes,
            ephemeralStorageBytes: pod.requests.ephemeralStorageBytes, others: others.sorted { $0.key < $1.key })
    }

    struct Filter: NodeFilter {
        let milliCPU: Int64
        let memoryBytes: Int64
        let ephemeralStorageBytes: Int64
        let others: [(key: String, value: Int64)]

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            fits(cluster.usage[slot]) && hasOthers(slot, cluster) ? nil : lack(slot, cluster)
        }

        private func fits(_ node: NodeUsage) -> Bool {
            node.podCount + 1 <= node.allocatablePods
                && (milliCPU == 0 || milliCPU <= node.allocatableMilliCPU - node.milliCPU)
                && (memoryBytes == 0 || memoryBytes <= node.allocatableMemoryBytes - node.memoryBytes)
                && (ephemeralStorageBytes == 0 || ephemeralStorageBytes <= node.allocatableEphemeralBytes - node.ephemeralBytes)
        }

        private func hasOthers(_ slot: Int, _ cluster: ClusterSnapshot) -> Bool {
            others.isEmpty || others.allSatisfy { $0.value <= cluster.free($0.key, on: slot) }
        }

        /// More than the whole node has can't be had by removing pods.
        private func lack(_ slot: Int, _ cluster: ClusterSnapshot) -> Refusal {
            var reasons: [String] = []
            var isUnresolvable = false
            if cluster.usage[slot].podCount + 1 > cluster.usage[slot].allocatablePods { reasons.append("Too many pods") }
            for (name, amount) in requests where amount > cluster.free(name, on: slot) {
                reasons.append("Insufficient \(name)")
                if amount > cluster.allocatable(name, on: slot) { isUnresolvable = true }
            }
            return Refusal(isUnresolvable ? .unresolvable : .unschedulable, reasons.first ?? "", more: Array(reasons.dropFirst()))
        }

        private var requests: [(String, Int64)] {
            [("cpu", milliCPU), ("memory", memoryBytes), ("ephemeral-storage", ephemeralStorageBytes)].filter { $0.1 != 0 }
                + others.map { ($0.key, $0.value) }
        }

        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            let node = cluster.usage[slot]
            var parts: [String] = []
            if node.podCount + 1 > node.allocatablePods { parts.append("\(node.podCount) of \(node.allocatablePods) pods are there") }
            for (name, amount) in requests where amount > cluster.free(name, on: slot) {
                let unit = name == "cpu" ? "m" : ""
                let (free, all) = (cluster.free(name, on: slot), cluster.allocatable(name, on: slot))
                parts.append("\(name): asks for \(amount)\(unit), \(free)\(unit) of \(all)\(unit) are free")
            }
            return parts.joined(separator: "; ")
        }
    }

    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? {
        AllocationScorer(pod: pod, strategy: strategy)
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded(let node): isLargeEnough(node, pod)
        case .nodeUpdated(let old, let new): isLargeEnough(new, pod) && hasMore(new, than: old, for: pod)
        case .podRemoved: true
        case .placedPodUpdated(let old, let new): isLess(new, than: old, for: pod)
        case .waitingPodUpdated(let old, let new): isLess(new, than: old, for: new)
        default: false
        }
    }

    private func isLargeEnough(_ node: NodeInfo, _ pod: PodInfo) -> Bool {
        node.allocatablePods > 0 && pod.requests.milliCPU <= node.allocatable.milliCPU
            && pod.requests.memoryBytes <= node.allocatable.memoryBytes
            && pod.requests.ephemeralStorageBytes <= node.allocatable.ephemeralStorageBytes
            && filter(pod).others.allSatisfy { $0.value <= node.allocatable[$0.key] }
    }

    private func hasMore(_ new: NodeInfo, than old: NodeInfo, for pod: PodInfo) -> Bool {
        let asked = ["cpu", "memory", "ephemeral-storage"].filter { pod.requests[$0] > 0 } + pod.requests.others.keys
        return new.allocatablePods > old.allocatablePods || asked.contains { new.allocatable[$0] > old.allocatable[$0] }
    }

    private func isLess(_ new: PodInfo, than old: PodInfo, for pod: PodInfo) -> Bool {
        let names = ["cpu", "memory", "ephemeral-storage"] + pod.requests.others.keys
        return names.contains { pod.requests[$0] > 0 && new.requests[$0] < old.requests[$0] }
            || names.contains { new.requests[$0] == 0 && old.requests[$0] > 0 }
    }
}

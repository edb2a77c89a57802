/// Prefers nodes whose resources would be used in equal shares.
package struct BalancedAllocation: ScorePlugin {
    package let name = "NodeResourcesBalancedAllocation"
    package var resources: [String]

    package init(resources: [String] = ["cpu", "memory"]) { self.resources = resources }

    /// A pod that asks for nothing balances nothing.
    package func preScore(_ pod: PodInfo, _ nodes: [Int], _ cluster: ClusterSnapshot) -> (any NodeScorer)? {
        resources.allSatisfy { pod.requests[$0] == 0 } ? nil : Scorer(pod: pod, resources: resources)
    }

    struct Scorer: NodeScorer {
        let pod: PodInfo
        let resources: [String]

        func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
            if resources == ["cpu", "memory"] { return usual(nodes, cluster) }
            return nodes.map { slot in
                let fractions = resources.compactMap { name -> Double? in
                    let isUsual = name == "cpu" || name == "memory" || name == "ephemeral-storage"
                    let capacity = cluster.allocatable(name, on: slot)
                    guard capacity != 0, isUsual || pod.requests[name] != 0 else { return nil }
                    return min(1, Double(cluster.requested(name, on: slot) + pod.requests[name]) / Double(capacity))
                }
                return Int64((1 - Self.deviation(fractions)) * 100)
            }
        }

        private func usual(_ nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
            let (milliCPU, memoryBytes) = (pod.requests.milliCPU, pod.requests.memoryBytes)
            var scores = [Int64](repeating: 100, count: nodes.count)
            for index in nodes.indices {
                let slot = nodes[index]
                let cpuCapacity = cluster.usage[slot].allocatableMilliCPU
                let memoryCapacity = cluster.usage[slot].allocatableMemoryBytes
                guard cpuCapacity != 0, memoryCapacity != 0 else { continue }
                let cpu = min(1, Double(cluster.usage[slot].milliCPU + milliCPU) / Double(cpuCapacity))
                let memory = min(1, Double(cluster.usage[slot].memoryBytes + memoryBytes) / Double(memoryCapacity))
                scores[index] = Int64((1 - abs((cpu - memory) / 2)) * 100)
            }
            return scores
        }

        /// The standard deviation.
        static func deviation(_ fractions: [Double]) -> Double {
            if fractions.count == 2 { return abs((fractions[0] - fractions[1]) / 2) }
            guard fractions.count > 2 else { return 0 }
            let mean = fractions.reduce(0, +) / Double(fractions.count)
            return (fractions.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(fractions.count)).squareRoot()
        }
    }
}
